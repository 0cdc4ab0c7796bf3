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
        { "RoiAlign", 10 }, { "Recurrent LSTM", 7 }, { "Recurrent GRU", 7 }, { "Recurrent RNN", 7 },
    };

    public static TheoryData<string, int> NewerOperators()
    {
        TheoryData<string, int> operators = new()
        {
            { "Split", 11 }, { "Split equal", 13 }, { "Split equal", 9 }, { "Pad newer", 13 }, { "Resize newer", 13 }, { "Resize", 10 }, { "RoiAlign", 10 }, { "GroupNormalization", 18 },
            { "GridSample", 16 }, { "GridSample cubic", 16 }, { "DFT", 17 }, { "Softmax middle", 11 }, { "Clip", 7 }, { "BatchNormalization", 7 }, { "AveragePool", 11 }, { "Cast", 13 }, { "Quantize", 13 },
            { "ScatterND", 13 }, { "Recurrent LSTM", 7 }, { "Recurrent GRU", 7 }, { "Recurrent RNN", 13 }, { "ReduceSum", 11 }, { "Size", 13 },
        };
        foreach (string reduction in new[] { "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSumSquare" })
        {
            operators.Add($"{reduction} of some axes", 13);
            operators.Add($"{reduction} of all axes", 11);
        }
        return operators;
    }

    [Theory]
    [MemberData(nameof(NewerOperators))]
    public void The_operator_lifted_to_the_newest_opset_means_the_same(string op, int opset)
    {
        ModelProto model = Model(op, opset);

        ModelProto lifted = OpsetLift.Apply(model, OpsetLift.Newest);

        Assert.Equal(OpsetLift.Newest, lifted.StandardVersion());
        Reference.AssertEqual(model, lifted, Inputs(op));
    }

    [Theory]
    [MemberData(nameof(Operators))]
    public void The_lifted_operator_means_the_same(string op, int opset)
    {
        ModelProto model = Model(op, opset);
        foreach (int target in new[] { 13, 17 })
        {
            ModelProto lifted = OpsetLift.Apply(model, target);

            Assert.Equal(target, lifted.StandardVersion());
            Assert.Equal(opset, model.StandardVersion());
            Reference.AssertEqual(model, lifted, Inputs(op));
        }
    }

    [Fact]
    public void A_normalization_that_trains_has_no_counterpart()
    {
        GraphBuilder builder = new(9);
        string x = builder.Input("x", 2, 3, 4, 4);
        builder.BatchNormalization(x, 3);
        builder.Graph.Node[0].Output.Add("mean");
        builder.Output(builder.Graph.Node[0].Output[0]);
        builder.Output("mean");

        Assert.Throws<NotSupportedException>(() => OpsetLift.Apply(builder.Build(), 14));
    }

    [Fact]
    public void An_operator_that_cannot_follow_all_the_way_is_lifted_as_far_as_quantization_needs()
    {
        GraphBuilder builder = new(11);
        string x = builder.Input("x", 2, 3, 4, 4);
        builder.BatchNormalization(x, 3);
        builder.Graph.Node[0].Output.Add("mean");
        builder.Output(builder.Graph.Node[0].Output[0]);
        builder.Output("mean");

        Assert.Equal(OpsetLift.PerChannelQuantization, OpsetLift.ForPreparation(builder.Build()).StandardVersion());
    }

    [Fact]
    public void A_loop_is_lifted_with_its_body()
    {
        GraphBuilder body = new(7);
        body.Input("iteration", TensorProto.Types.DataType.Int64);
        body.Input("go_on", TensorProto.Types.DataType.Bool);
        string state = body.Input("state", 2, 4);
        string mean = body.Node("ReduceMean", [state], Nodes.Attribute("axes", [1L]));
        string next = body.Node("Sub", [state, body.Node("Clip", [mean], Nodes.Attribute("min", 0f))]);
        body.Graph.Output.Add(new ValueInfoProto { Name = body.Node("Identity", ["go_on"]), Type = body.Graph.Input[1].Type });
        body.Output(next, 2, 4);
        GraphBuilder builder = new(7);
        string x = builder.Input("x", 2, 4);
        builder.Graph.Initializer.Add(Tensors.Create("trips", [], [3L]));
        builder.Output(builder.Node("Loop", ["trips", "", x], new AttributeProto { Name = "body", Type = AttributeProto.Types.AttributeType.Graph, G = body.Build().Graph }), 2, 4);
        ModelProto model = builder.Build();

        Reference.AssertEqual(model, OpsetLift.Apply(model, OpsetLift.Newest), Reference.Tensor(x, [2, 4]));
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

    private static readonly long[] Extents = [2, 3, 4, 6];

    private static ModelProto Model(string op, int opset)
    {
        GraphBuilder builder = new(opset);
        Add(builder, op, op.StartsWith("Recurrent", StringComparison.Ordinal) ? builder.Input("x", 5, 2, 3) : builder.Input("x", Extents));
        return builder.Build();
    }

    private static Runtime.NamedTensor[] Inputs(string op)
    {
        if (op.StartsWith("Recurrent", StringComparison.Ordinal))
            return [Reference.Tensor("x", [5, 2, 3])];
        Runtime.NamedTensor input = Reference.Tensor("x", Extents, scale: 2);
        // A logarithm takes positive numbers only.
        return op.StartsWith("ReduceLogSum", StringComparison.Ordinal) ? [new Runtime.NamedTensor(input.Name, input.Shape, ((float[])input.Data).Select(value => value + 3).ToArray())] : [input];
    }

    private static void Add(GraphBuilder builder, string op, string x)
    {
        if (op.StartsWith("Reduce", StringComparison.Ordinal) && op.Split(' ', 2) is [var reduction, "of some axes" or "of all axes"])
        {
            builder.Output(builder.Node(reduction, [x], op.EndsWith("some axes", StringComparison.Ordinal) ? [Nodes.Attribute("axes", [1L, -1])] : []));
            return;
        }
        if (op.StartsWith("Recurrent", StringComparison.Ordinal))
        {
            string kind = op.Split(' ')[1];
            long gates = kind switch { "LSTM" => 4, "GRU" => 3, _ => 1 };
            foreach (string result in builder.Node(kind, [x, builder.Weights(1, gates * 4, 3), builder.Weights(1, gates * 4, 4), builder.Weights(1, gates * 8)], 2, Nodes.Attribute("hidden_size", 4)))
                builder.Output(result);
            return;
        }
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
            case "RoiAlign":
                builder.Graph.Initializer.Add(Tensors.Create("batches", [2], [0L, 1]));
                One("RoiAlign", [x, builder.Constant([2, 4], [0, 0, 3, 2, 1, 1, 5, 3]), "batches"], Nodes.Attribute("output_height", 2), Nodes.Attribute("output_width", 3), Nodes.Attribute("sampling_ratio", 2));
                break;
            case "GroupNormalization":
                builder.Graph.Node.Add(Nodes.Create("Concat", "twice", [x, x, x, x], ["wide"], Nodes.Attribute("axis", 1)));
                builder.Graph.ValueInfo.Add(builder.Graph.Input[0].Clone());
                builder.Graph.ValueInfo[0].Name = "wide";
                builder.Graph.ValueInfo[0].Type.TensorType.Shape.Dim[1].DimValue = 12;
                One("GroupNormalization", ["wide", builder.Weights(4), builder.Weights(4)], Nodes.Attribute("num_groups", 4));
                break;
            case "GridSample": One("GridSample", [x, builder.Weights(2, 5, 5, 2)], Nodes.Attribute("mode", "bilinear")); break;
            case "GridSample cubic": One("GridSample", [x, builder.Weights(2, 5, 5, 2)], Nodes.Attribute("mode", "bicubic")); break;
            case "DFT":
                builder.Graph.Initializer.Add(Tensors.Create("split", [5], [2L, 3, 4, 6, 1]));
                One("DFT", [builder.Node("Reshape", [x, "split"])], Nodes.Attribute("axis", 2));
                break;
            case "Pad newer": One("Pad", [x, builder.Constant([0L, 0, 1, 2, 0, 0, 0, 1]), builder.Constant([], [0.5f])]); break;
            case "Resize newer": One("Resize", [x, "", builder.Constant([4], [1, 1, 1.5f, 2])], Nodes.Attribute("mode", "cubic")); break;
            case "AveragePool": One("AveragePool", [x], Nodes.Attribute("kernel_shape", [3L, 3]), Nodes.Attribute("ceil_mode", 1)); break;
            case "Cast": One("Cast", [builder.Node("Cast", [x], Nodes.Attribute("to", (long)TensorProto.Types.DataType.Int32))], Nodes.Attribute("to", (long)TensorProto.Types.DataType.Float)); break;
            case "Quantize":
                string scale = builder.Constant([], [0.02f]);
                One("DequantizeLinear", [builder.Node("QuantizeLinear", [x, scale]), scale]);
                break;
            case "ScatterND":
                builder.Graph.Initializer.Add(Tensors.Create("places", [1, 1], [1L]));
                One("ScatterND", [x, "places", builder.Weights(1, 3, 4, 6)]);
                break;
            case "Size": One("Cast", [builder.Node("Size", [x])], Nodes.Attribute("to", (long)TensorProto.Types.DataType.Float)); break;
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
