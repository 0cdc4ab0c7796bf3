using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Runtime;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Tests.Preparation;

public sealed class UniqueValueNamesTests
{
    [Fact]
    public void A_model_without_subgraphs_is_returned_as_it_is()
    {
        GraphBuilder builder = new();
        builder.Output(builder.Conv(builder.Input("x", 1, 3, 8, 8), 4, 3, 3));
        ModelProto model = builder.Build();
        Assert.Same(model, UniqueValueNames.Apply(model));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Branches_with_the_same_names_and_constants_that_hide_others_keep_their_meaning(bool condition, bool inner)
    {
        ModelProto model = Model(hiding: true);

        ModelProto result = UniqueValueNames.Apply(model);

        AssertUnique(result);
        Assert.Equal(["x", "condition", "inner"], result.Graph.Input.Select(input => input.Name));
        Assert.Equal(model.Graph.Output, result.Graph.Output);
        Assert.Equal(Model(hiding: true), model);
        Assert.Equal(result, UniqueValueNames.Apply(model));
        Reference.AssertEqual(Model(hiding: false), result, Reference.Tensor("x", [2, 4]), new NamedTensor("condition", [], new[] { condition }), new NamedTensor("inner", [], new[] { inner }));
    }

    [Fact]
    public void The_inputs_of_a_body_that_hide_values_around_are_renamed_with_their_readers()
    {
        // ONNX Runtime refuses such a model; another producer's checker may not.
        GraphBuilder body = new(prefix: "body");
        body.Input("x", 4);
        body.Output(body.Node("Neg", ["x"]), 4);
        body.Output("x", 4);
        GraphBuilder outer = new();
        string[] results = outer.Node("Scan", [outer.Weights(4), outer.Input("x", 5, 4)], 2, body.As("body"), Nodes.Attribute("num_scan_inputs", 1));
        outer.Output(results[1]);

        GraphProto renamed = UniqueValueNames.Apply(outer.Build()).Graph.Node[0].Subgraphs().Single();

        Assert.Equal(["x_2"], renamed.Input.Select(input => input.Name));
        Assert.Equal(["x_2"], renamed.Node[0].Input);
        Assert.Equal(["bodyNeg1_out", "x_2"], renamed.Output.Select(output => output.Name));
    }

    [Fact]
    public void Inputs_and_outputs_that_are_left_out_stay_left_out()
    {
        GraphBuilder Branch()
        {
            GraphBuilder branch = new(prefix: "branch");
            branch.Output(branch.Node("Clip", ["x", "", branch.Constant([], [0.5f])]));
            branch.Graph.Node.Add(Nodes.Create("LSTM", "lstm", ["sequence", branch.Weights(1, 8, 4), branch.Weights(1, 8, 2), "", "", "", ""], ["", "state"], Nodes.Attribute("hidden_size", 2)));
            branch.Output("state");
            return branch;
        }
        GraphBuilder outer = new();
        outer.Input("x", 4);
        outer.Input("sequence", 3, 1, 4);
        string[] results = outer.Node("If", [outer.Input("condition", DataType.Bool)], 2, Branch().As("then_branch"), Branch().As("else_branch"));
        outer.Output(results[0]);
        outer.Output(results[1]);
        ModelProto model = outer.Build();

        ModelProto result = PreparationPipeline.Run(model, "test.onnx");

        AssertUnique(result);
        Assert.Equal(2, result.Count("LSTM"));
        Assert.All(result.Graph.WithSubgraphs().SelectMany(graph => graph.Node).Where(node => node.Is("LSTM")), node => Assert.Equal(("", ""), (node.Output[0], node.Input[3])));
        Reference.AssertEqual(model, result, Reference.Tensor("x", [4]), Reference.Tensor("sequence", [3, 1, 4]), new NamedTensor("condition", [], new[] { false }));
    }

    private static void AssertUnique(ModelProto model)
    {
        string[] values = [.. model.Graph.WithSubgraphs().SelectMany(graph => graph.DefinedNames()).Where(name => name.Length > 0)];
        Assert.Equal(values.Length, values.Distinct().Count());
    }

    /// <summary>The model with and without names that hide others. ONNX forbids them, and ONNX Runtime reads the wrong constants: it cannot be asked.</summary>
    private static ModelProto Model(bool hiding)
    {
        string first = hiding ? "w" : "w1", second = hiding ? "w" : "w2";
        static GraphBuilder Product(string weights, int seed, string prefix)
        {
            GraphBuilder builder = new(seed: seed, prefix: prefix);
            if (seed > 0)
                builder.Graph.Initializer.Add(Tensors.Create(weights, [4, 4], builder.Values([4, 4], 1)));
            builder.Output(builder.Node("Gemm", ["x", weights]));
            return builder;
        }

        GraphBuilder then = Product(first, 1, "branch");
        string inner = then.Node("If", ["inner"], Product(second, 2, "innermost").As("then_branch"), Product(first, 0, "innermost").As("else_branch"));
        string sum = then.Node("Add", [inner, then.Graph.Output[0].Name]);
        then.Graph.Output[0].Name = sum;

        GraphBuilder outer = new(seed: 3);
        outer.Graph.Initializer.Add(Tensors.Create("w", [4, 4], outer.Values([4, 4], 1)));
        outer.Input("x", 2, 4);
        string condition = outer.Input("condition", DataType.Bool);
        outer.Input("inner", DataType.Bool);
        string branches = outer.Node("If", [condition], then.As("then_branch"), Product("w", 0, "branch").As("else_branch"));
        outer.Output(outer.Node("Gemm", [branches, "w"]));
        return outer.Build();
    }
}
