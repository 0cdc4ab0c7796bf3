using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Tests.Preparation;

/// <summary>ONNX Runtime runs old and new opsets alike: it tells whether a lifted model still means the same.</summary>
public sealed class OpsetLiftTests
{
    public static TheoryData<string, int> Operators() => new()
    {
        { "Clip", 7 }, { "Clip without bounds", 7 }, { "Pad", 7 }, { "Slice", 7 }, { "Slice without axes", 9 }, { "Squeeze", 9 }, { "Squeeze all", 9 }, { "Unsqueeze", 11 }, { "ReduceSum", 11 }, { "ReduceSum all", 11 },
        { "Split", 11 }, { "Split equal", 11 }, { "Softmax last", 11 }, { "Softmax middle", 11 }, { "Softmax default", 7 }, { "LogSoftmax", 12 }, { "Upsample attribute", 7 }, { "Upsample input", 9 }, { "Resize", 10 },
        { "Dropout", 7 }, { "BatchNormalization", 7 }, { "TopK", 7 }, { "Scatter", 9 },
    };

    [Theory]
    [MemberData(nameof(Operators))]
    public void The_lifted_operator_means_the_same(string op, int opset)
    {
        GraphBuilder builder = new(opset);
        string x = builder.Input("x", 2, 3, 4, 6);
        Add(builder, op, x);
        ModelProto model = builder.Build();

        ModelProto lifted = OpsetLift.Apply(model, 13);

        Assert.Equal(13, lifted.StandardVersion());
        Assert.Equal(opset, model.StandardVersion());
        Reference.AssertEqual(model, lifted, Reference.Tensor(x, [2, 3, 4, 6], scale: 2));
    }

    [Fact]
    public void A_newer_model_keeps_its_opset() => Assert.Equal(17, OpsetLift.Apply(Relu(17), 13).StandardVersion());

    [Fact]
    public void An_older_model_than_seven_is_refused() => Assert.Throws<NotSupportedException>(() => OpsetLift.Apply(Relu(6), 13));

    [Fact]
    public void Subgraphs_are_lifted_too()
    {
        GraphBuilder inner = new(9);
        inner.Output(inner.Node("Clip", ["x"], Nodes.Attribute("min", 0f), Nodes.Attribute("max", 0.5f)), 4);
        GraphBuilder builder = new(9);
        builder.Input("x", 4);
        string condition = builder.Input("condition", TensorProto.Types.DataType.Bool);
        AttributeProto Branch(string name) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = inner.Build().Graph };
        builder.Output(builder.Node("If", [condition], Branch("then_branch"), Branch("else_branch")), 4);
        ModelProto model = builder.Build();

        ModelProto lifted = OpsetLift.Apply(model, 13);

        Reference.AssertEqual(model, lifted, Reference.Tensor("x", [4]), new Runtime.NamedTensor(condition, [], new[] { true }));
    }

    private static ModelProto Relu(int opset)
    {
        GraphBuilder builder = new(opset);
        builder.Output(builder.Node("Relu", [builder.Input("x", 4)]), 4);
        return builder.Build();
    }

    private static void Add(GraphBuilder builder, string op, string x)
    {
        void One(string name, string[] inputs, params AttributeProto[] attributes) => builder.Output(builder.Node(name, inputs, attributes));
        switch (op)
        {
            case "Clip": One("Clip", [x], Nodes.Attribute("min", -0.5f), Nodes.Attribute("max", 0.25f)); break;
            case "Clip without bounds": One("Clip", [x]); break;
            case "Pad": One("Pad", [x], Nodes.Attribute("pads", [0L, 0, 1, 2, 0, 0, 0, 1]), Nodes.Attribute("value", 0.5f)); break;
            case "Slice": One("Slice", [x], Nodes.Attribute("starts", [1L, 0]), Nodes.Attribute("ends", [3L, 5]), Nodes.Attribute("axes", [2L, 3])); break;
            case "Slice without axes": One("Slice", [x], Nodes.Attribute("starts", [0L, 1]), Nodes.Attribute("ends", [1L, 3])); break;
            case "Squeeze": One("Squeeze", [builder.Node("ReduceMax", [x], Nodes.Attribute("axes", [2L]))], Nodes.Attribute("axes", [2L])); break;
            case "Squeeze all": One("Squeeze", [builder.Node("ReduceMax", [x], Nodes.Attribute("axes", [2L]))]); break;
            case "Unsqueeze": One("Unsqueeze", [x], Nodes.Attribute("axes", [0L, 2])); break;
            case "ReduceSum": One("ReduceSum", [x], Nodes.Attribute("axes", [1L, 3]), Nodes.Attribute("keepdims", 0)); break;
            case "ReduceSum all": One("ReduceSum", [x]); break;
            case "Split":
                foreach (string part in builder.Node("Split", [x], 2, Nodes.Attribute("axis", 3), Nodes.Attribute("split", [2L, 4])))
                    builder.Output(part);
                break;
            case "Split equal":
                foreach (string part in builder.Node("Split", [x], 2, Nodes.Attribute("axis", 0)))
                    builder.Output(part);
                break;
            case "Softmax last": One("Softmax", [x], Nodes.Attribute("axis", 3)); break;
            case "Softmax middle": One("Softmax", [x], Nodes.Attribute("axis", 2)); break;
            case "Softmax default": One("Softmax", [x]); break;
            case "LogSoftmax": One("LogSoftmax", [x], Nodes.Attribute("axis", -1)); break;
            case "Upsample attribute":
                AttributeProto scales = new() { Name = "scales", Type = AttributeProto.Types.AttributeType.Floats };
                scales.Floats.AddRange([1, 1, 2, 3]);
                One("Upsample", [x], scales);
                break;
            case "Upsample input": One("Upsample", [x, builder.Constant([4], [1, 1, 2, 1.5f])], Nodes.Attribute("mode", "nearest")); break;
            case "Resize": One("Resize", [x, builder.Constant([4], [1, 1, 1.5f, 0.5f])], Nodes.Attribute("mode", "linear")); break;
            case "Dropout": One("Dropout", [x], Nodes.Attribute("ratio", 0.3f)); break;
            case "BatchNormalization": builder.Output(builder.BatchNormalization(x, 3)); break;
            case "TopK": builder.Output(builder.Node("TopK", [x], 2, Nodes.Attribute("k", 2), Nodes.Attribute("axis", 3))[0]); break;
            case "Scatter":
                string indices = builder.Input("indices", TensorProto.Types.DataType.Int64, 1, 1, 1, 2);
                builder.Graph.Input.RemoveAt(1);
                builder.Graph.Initializer.Add(Tensors.Create(indices, [1, 1, 1, 2], [1L, 0]));
                One("Scatter", [x, indices, builder.Weights(1, 1, 1, 2)], Nodes.Attribute("axis", 3));
                break;
            default: throw new ArgumentException(op);
        }
    }
}
