using Octet.Quantization.Calibration;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Reporting;
using Octet.Quantization.Tests.Emission;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Tests.Pipeline;

/// <summary>The whole way of models with subgraphs, functions, 16-bit floats, and inputs of other types than float, to a static variant.</summary>
public sealed class SubgraphPipelineTests
{
    [Theory]
    [InlineData("minmax")]
    [InlineData("auto")]
    public void Branches_are_quantized_measured_and_shipped(string method)
    {
        using PipelineFolder folder = new(SubgraphModels.Captured());
        folder.WriteInputs("0", SubgraphModels.Inputs(true));
        folder.WriteInputs("1", SubgraphModels.Inputs(false, seed: 8));

        ModelReport report = folder.Run(request => request with { Variants = ["int8"], Method = method }).Report;

        VariantReport int8 = report.Variants[1];
        Assert.Equal(("faster", 6, 0), (int8.Verdict, int8.IntegerNodes, int8.FloatComputeNodes));
        Assert.InRange(int8.Accuracy!.Drop, 0, 0.01);
        Assert.Empty(folder.Diagnosed.Said);
        Assert.All(report.Layers, layer => Assert.InRange(layer.SqnrDb!.Value, 20, 100));
        Assert.Contains("model.int8.onnx", folder.OutputFiles);
    }

    [Theory]
    [InlineData("minmax")]
    [InlineData("auto")]
    public void What_the_data_never_reaches_stays_float_and_the_recipe_says_so(string method)
    {
        using PipelineFolder folder = new(SubgraphModels.Captured());
        folder.WriteInputs("0", SubgraphModels.Inputs(false));
        folder.WriteInputs("1", SubgraphModels.Inputs(false, seed: 8));

        VariantReport int8 = folder.Run(request => request with { Variants = ["int8"], Method = method }).Report.Variants[1];

        Assert.Equal(("faster", 3, 3), (int8.Verdict, int8.IntegerNodes, int8.FloatComputeNodes));
        Assert.Equal(Enumerable.Repeat("its branch was never taken on the calibration data", 3), FloatReasons(int8));
    }

    [Fact]
    public void Statistics_of_a_file_serve_branches_too()
    {
        using PipelineFolder folder = new(SubgraphModels.Captured());
        folder.WriteInputs("0", SubgraphModels.Inputs(true));
        folder.WriteInputs("1", SubgraphModels.Inputs(false, seed: 8));
        string[] shards = [.. Enumerable.Range(1, 2).Select(number => folder.File($"{number}.json"))];
        foreach (string shard in shards)
            CalibrationRun.Run(new CalibrationRequest { ModelPath = folder.ModelPath, Data = folder.Request.Data, Shard = new Shard(Array.IndexOf(shards, shard) + 1, 2) }, folder.Diagnosed).Write(shard);
        StatisticsFile merged = StatisticsFile.Read(shards[0]).Merge(StatisticsFile.Read(shards[1]), shards[1]);
        merged.Write(folder.File("merged.json"));

        folder.Run(request => request with { Variants = ["int8"] });
        byte[] calibrated = File.ReadAllBytes(Path.Combine(folder.Output, "model.int8.onnx"));
        folder.Run(request => request with { Variants = ["int8"], Statistics = folder.File("merged.json") });
        Assert.Equal(calibrated, File.ReadAllBytes(Path.Combine(folder.Output, "model.int8.onnx")));
    }

    [Fact]
    public void Names_of_any_characters_inside_a_branch()
    {
        ModelProto model = SubgraphModels.If();
        const string Odd = " a/b\\c:0;\"<&>'\t%20é漢";
        foreach (NodeProto node in model.Graph.WithSubgraphs().SelectMany(graph => graph.Node))
        {
            node.Name += Odd;
            for (int i = 0; i < node.Input.Count; i++)
                node.Input[i] += node.Input[i] is "x" or "condition" ? "" : Odd;
            node.Output[0] += Odd;
        }
        foreach (GraphProto graph in model.Graph.WithSubgraphs())
        {
            foreach (TensorProto tensor in graph.Initializer)
                tensor.Name += Odd;
            graph.Output[0].Name += Odd;
        }
        using PipelineFolder folder = new(model);
        folder.WriteInputs("0", SubgraphModels.Inputs(true));
        folder.WriteInputs("1", SubgraphModels.Inputs(false, seed: 8));

        VariantReport int8 = folder.Run(request => request with { Variants = ["int8"] }).Report.Variants[1];
        Assert.Equal(("faster", 6, 0), (int8.Verdict, int8.IntegerNodes, int8.FloatComputeNodes));
    }

    [Fact]
    public void A_model_in_16_bits_becomes_integer()
    {
        GraphBuilder graph = new();
        string features = graph.Node("Relu", [graph.Node("Conv", [graph.Input("x", DataType.Float16, SmallModels.Shape), Halves(graph, 8, 3, 3, 3), Halves(graph, 8)])]);
        graph.Graph.Output.Add(new ValueInfoProto { Name = graph.Node("Conv", [features, Halves(graph, 4, 8, 1, 1)]), Type = Dynamic(DataType.Float16, 4) });
        using PipelineFolder folder = new PipelineFolder(graph.Build()).WithSamples(3, SmallModels.Shape);

        VariantReport int8 = folder.Run(request => request with { Variants = ["int8"] }).Report.Variants[1];

        Assert.Equal(("faster", 2, 0), (int8.Verdict, int8.IntegerNodes, int8.FloatComputeNodes));
    }

    [Fact]
    public void A_model_in_16_bits_with_operators_of_another_domain_stays_as_it_is_and_says_why()
    {
        GraphBuilder graph = new();
        string features = graph.Node("Conv", [graph.Input("x", DataType.Float16, SmallModels.Shape), Halves(graph, 8, 3, 3, 3)]);
        string single = graph.Node("Gelu", [graph.Node("Cast", [features], Nodes.Attribute("to", (long)DataType.Float))]);
        graph.Graph.Node[^1].Domain = ContribOperators.Domain;
        graph.Output(single);
        ModelProto model = graph.Build();
        model.ImportContribOperators();
        using PipelineFolder folder = new PipelineFolder(model).WithSamples(3, SmallModels.Shape);

        QuantizationResult result = folder.Run(request => request with { Variants = ["int8"] });

        Assert.Equal("float", result.Report.Selected);
        Assert.Contains(folder.Diagnosed.Said, diagnostic => diagnostic.Code == "OCT2007" && diagnostic.Text.Contains("its weights are not 32-bit floating-point", StringComparison.Ordinal));
    }

    [Fact]
    public void A_function_of_the_model_stays_as_it_is_and_is_named()
    {
        GraphBuilder graph = new();
        string features = graph.Node("Relu", [graph.Conv(graph.Input("x", SmallModels.Shape), 8, 3, 3)]);
        graph.Output(graph.Node("Project", [features, graph.ScaledWeights(4, 8, 1, 1)]));
        graph.Graph.Node[^1].Domain = "local";
        ModelProto model = graph.Build();
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "local", Version = 1 });
        OperatorSetIdProto[] imports = [new() { Domain = "", Version = 13 }, new() { Domain = "local", Version = 1 }];
        model.Functions.Add(new FunctionProto { Name = "Convolve", Domain = "local", Input = { "a", "b" }, Output = { "c" }, OpsetImport = { imports }, Node = { Nodes.Create("Conv", "inner", ["a", "b"], ["c"]) } });
        NodeProto call = Nodes.Create("Convolve", "call", ["a", "b"], ["c"]);
        call.Domain = "local";
        model.Functions.Add(new FunctionProto { Name = "Project", Domain = "local", Input = { "a", "b" }, Output = { "c" }, OpsetImport = { imports }, Node = { call } });
        using PipelineFolder folder = new PipelineFolder(model).WithSamples(3, SmallModels.Shape);

        VariantReport int8 = folder.Run(request => request with { Variants = ["int8"] }).Report.Variants[1];

        Assert.Equal(("faster", 1, 1), (int8.Verdict, int8.IntegerNodes, int8.FloatComputeNodes));
        Assert.Equal(["it is a function of the model, which stays as it is"], FloatReasons(int8));
    }

    [Fact]
    public void Inputs_and_outputs_that_are_left_out()
    {
        GraphBuilder graph = new(opset: 15);
        string x = graph.Input("x", SmallModels.Shape);
        string conv = graph.Node("Conv", [x, graph.ScaledWeights(8, 3, 3, 3), ""]);
        string clipped = graph.Node("Clip", [conv, graph.Constant([], [0]), ""]);
        string enlarged = graph.Node("Resize", [clipped, "", graph.Constant([4], [1, 1, 2, 2]), ""], Nodes.Attribute("mode", "nearest"));
        string[] dropped = graph.Node("Dropout", [graph.Conv(enlarged, 4, 8, 1), "", ""], 2);
        graph.Graph.Node[^1].Output[1] = "";
        string rows = graph.Node("Reshape", [dropped[0], graph.Constant([4, 1, 144])]);
        graph.Graph.Node.Add(Nodes.Create("LSTM", "lstm", [rows, graph.ScaledWeights(1, 32, 144), graph.ScaledWeights(1, 32, 8), "", "", "", ""], ["", "last"], Nodes.Attribute("hidden_size", 8)));
        graph.Output(graph.Node("Gemm", [graph.Node("Squeeze", ["last", graph.Constant([0])]), graph.ScaledWeights(8, 8), ""]));
        using PipelineFolder folder = new PipelineFolder(graph.Build()).WithSamples(3, SmallModels.Shape);

        VariantReport int8 = folder.Run(request => request with { Variants = ["int8"] }).Report.Variants[1];

        Assert.Equal(("faster", 3, 1), (int8.Verdict, int8.IntegerNodes, int8.FloatComputeNodes));
        Assert.Equal(["ONNX Runtime has no static integer kernel for LSTM"], FloatReasons(int8));
    }

    [Fact]
    public void Boolean_and_integer_inputs()
    {
        GraphBuilder graph = new();
        string x = graph.Input("x", 2, 8);
        string chosen = graph.Node("Where", [graph.Input("mask", DataType.Bool, 2, 8), x, graph.Constant([], [0])]);
        string row = graph.Node("Gather", [graph.Weights(16, 8), graph.Input("ids", DataType.Int32, 2)]);
        graph.Output(graph.Node("Gemm", [graph.Node("Add", [chosen, row]), graph.ScaledWeights(8, 8)]));
        using PipelineFolder folder = new(graph.Build());
        for (int seed = 0; seed < 2; seed++)
            folder.WriteInputs($"{seed}", Reference.Tensor(x, [2, 8], seed), new("mask", [2, 8], Enumerable.Range(seed, 16).Select(i => i % 3 == 0).ToArray()), new("ids", [2], new[] { seed, 15 - seed }));

        QuantizationResult result = folder.Run(request => request with { Variants = ["int8"] });

        Assert.Equal(("faster", 1), (result.Report.Variants[1].Verdict, result.Report.Variants[1].IntegerNodes));
        Assert.Empty(folder.Diagnosed.Said);
    }

    private static string[] FloatReasons(VariantReport variant) => [.. variant.Recipe!["float"]!.AsArray().Select(entry => (string)entry!["reason"]!)];

    private static string Halves(GraphBuilder builder, params long[] shape)
    {
        string name = builder.ScaledWeights(shape);
        TensorProto single = builder.Graph.Initializer.Single(tensor => tensor.Name == name);
        builder.Graph.Initializer.Remove(single);
        builder.Graph.Initializer.Add(Tensors.Create(name, shape, Array.ConvertAll(single.ToFloats(), value => (Half)value)));
        return name;
    }

    private static TypeProto Dynamic(DataType type, int rank)
    {
        TypeProto.Types.Tensor tensor = new() { ElemType = (int)type, Shape = new TensorShapeProto() };
        tensor.Shape.Dim.AddRange(Enumerable.Range(0, rank).Select(_ => new TensorShapeProto.Types.Dimension()));
        return new TypeProto { TensorType = tensor };
    }
}
