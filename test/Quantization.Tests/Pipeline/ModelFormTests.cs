using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Reporting;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Pipeline;

/// <summary>Forms that models come in. Each is quantized as a whole and agrees with itself.</summary>
public class ModelFormTests
{
    // From the oldest that can be lifted to the newest that ONNX Runtime takes; 6 and 27 are refused: see UnusableModelTests.
    public static TheoryData<int> Opsets() => [.. Enumerable.Range(7, 20)];

    [Theory]
    [MemberData(nameof(Opsets))]
    public void Every_opset(int opset)
    {
        ModelProto model = SmallModels.Classifier(opset);
        if (opset > 21)
            model.IrVersion = 13;
        AssertQuantized(model, 2);
    }

    [Fact]
    public void Weights_as_numbers_instead_of_raw_bytes()
    {
        ModelProto model = SmallModels.Convolutions();
        foreach (TensorProto tensor in model.Graph.Initializer.Where(tensor => tensor.HasRawData))
        {
            tensor.FloatData.Clear();
            tensor.FloatData.AddRange(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(tensor.RawData.Span).ToArray());
            tensor.ClearRawData();
        }
        byte[] asNumbers = AssertQuantized(model, 2);
        Assert.Equal(AssertQuantized(SmallModels.Convolutions(), 2), asNumbers);
    }

    [Fact]
    public void Weights_in_constant_nodes()
    {
        GraphBuilder graph = new();
        string weights = graph.ConstantNode([8, 3, 3, 3], graph.Values([8, 3, 3, 3], 0.3f));
        graph.Output(graph.Node("Conv", [graph.Input("x", SmallModels.Shape), weights], Nodes.Attribute("pads", [1, 1, 1, 1])));
        AssertQuantized(graph.Build(), 1);
    }

    [Fact]
    public void Initializers_listed_as_inputs_too()
    {
        ModelProto model = SmallModels.Classifier(opset: 9);
        model.IrVersion = 3;
        foreach (TensorProto tensor in model.Graph.Initializer)
        {
            TypeProto.Types.Tensor type = new() { ElemType = tensor.DataType, Shape = new TensorShapeProto() };
            type.Shape.Dim.AddRange(tensor.Dims.Select(extent => new TensorShapeProto.Types.Dimension { DimValue = extent }));
            model.Graph.Input.Add(new ValueInfoProto { Name = tensor.Name, Type = new TypeProto { TensorType = type } });
        }
        AssertQuantized(model, 2);
    }

    [Fact]
    public void A_subgraph_behind_an_if()
    {
        GraphBuilder graph = new();
        string features = graph.Node("Softplus", [graph.Conv(graph.Input("x", SmallModels.Shape), 8, 3, 3)]);
        string condition = graph.Node("Greater", [graph.Node("ReduceMax", [features], Nodes.Attribute("keepdims", 0L)), graph.Constant([], [0f])]);
        GraphProto Branch(string op) => new() { Name = op, Node = { Nodes.Create(op, "inner", [features], ["result"]) }, Output = { new ValueInfoProto { Name = "result" } } };
        graph.Output(graph.Node("If", [condition],
            new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = Branch("Sigmoid") },
            new AttributeProto { Name = "else_branch", Type = AttributeProto.Types.AttributeType.Graph, G = Branch("Tanh") }));
        AssertQuantized(graph.Build(), 1);
    }

    [Fact]
    public void A_value_inside_that_is_an_output_too()
    {
        GraphBuilder graph = new();
        string first = graph.Conv(graph.Input("x", SmallModels.Shape), 8, 3, 3);
        string second = graph.Conv(graph.Node("Relu", [first]), 8, 8, 3);
        graph.Output(first);
        graph.Output(second);
        AssertQuantized(graph.Build(), 2);
    }

    [Fact]
    public void The_input_as_an_output()
    {
        GraphBuilder graph = new();
        string input = graph.Input("x", SmallModels.Shape);
        graph.Output(graph.Conv(input, 8, 3, 3));
        graph.Output(graph.Node("Identity", [input]));
        AssertQuantized(graph.Build(), 1);
    }

    [Fact]
    public void Names_with_spaces_slashes_and_letters_of_any_script()
    {
        ModelProto model = SmallModels.Convolutions();
        Dictionary<string, string> names = new() { ["x"] = "мир/the image: 0", [model.Graph.Output[0].Name] = "出力 %2F\\1" };
        model.Graph.Input[0].Name = names["x"];
        model.Graph.Output[0].Name = names.Values.Last();
        foreach (NodeProto node in model.Graph.Node)
        {
            node.Name = $"/block {node.Name}/Ünit";
            for (int i = 0; i < node.Input.Count; i++)
                node.Input[i] = names.GetValueOrDefault(node.Input[i], node.Input[i]);
            for (int i = 0; i < node.Output.Count; i++)
                node.Output[i] = names.GetValueOrDefault(node.Output[i], node.Output[i]);
        }
        AssertQuantized(model, 2);
    }

    [Fact]
    public void Nodes_without_names()
    {
        ModelProto model = SmallModels.Classifier();
        foreach (NodeProto node in model.Graph.Node)
            node.Name = "";
        AssertQuantized(model, 2);
    }

    [Fact]
    public void A_dynamic_batch_is_measured_at_the_size_that_is_asked_for()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Classifier(batch: -1)).WithSamples(8, SmallModels.Shape);
        QuantizationResult result = folder.Run(request => request with { BatchSize = 4, Variants = ["int8"] });
        Assert.Equal("faster", result.Report.Variants[1].Verdict);
        Assert.Equal((8, 4), (result.Report.Variants[1].Accuracy!.Samples, result.Report.BatchSize));
        using FileStream stream = File.OpenRead(Path.Combine(folder.Output, "model.probe.npz"));
        Assert.All(Probe.Read(stream).Cases, one => Assert.Equal(4, one.Inputs[0].Shape[0]));
    }

    [Fact]
    public void Integer_ids_and_several_inputs()
    {
        GraphBuilder graph = new();
        string row = graph.Node("Gather", [graph.Weights(16, 8), graph.Input("ids", TensorProto.Types.DataType.Int64, 1, 4)]);
        string mask = graph.Input("mask", 1, 4, 1);
        graph.Output(graph.Node("MatMul", [graph.Node("Mul", [row, mask]), graph.ScaledWeights(8, 8)]));
        using PipelineFolder folder = new(graph.Build());
        WriteInputs(folder, new NamedTensor("ids", [1, 4], new long[] { 1, 5, 15, 0 }), new NamedTensor("mask", [1, 4, 1], new float[] { 1, 1, 1, 0 }));

        QuantizationResult result = folder.Run(request => request with { Data = [folder.File("inputs.npz")], Variants = ["int8"] });
        Assert.Equal(("faster", 1), (result.Report.Variants[1].Verdict, result.Report.Variants[1].IntegerNodes));
        Assert.Equal("ids: int64[1,4], mask: float[1,4,1]", result.Inputs);
    }

    [Fact]
    public void Several_models_in_one_folder_keep_apart()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Classifier()).WithSamples(2, SmallModels.Shape);
        folder.Run();
        folder.Run(request => request with { Name = "model.int8", FloatFileName = "model.int8.onnx", Variants = ["int8"], MinSpeedup = 1e6 });
        Assert.Contains("model.int8.onnx", folder.OutputFiles);
        Assert.Contains("model.int8.octet.json", folder.OutputFiles);
    }

    [Fact]
    public void Weights_shared_by_two_nodes()
    {
        GraphBuilder graph = new();
        string weights = graph.ScaledWeights(3, 3, 1, 1);
        string bias = graph.Weights(3);
        string first = graph.Node("Conv", [graph.Input("x", SmallModels.Shape), weights, bias]);
        graph.Output(graph.Node("Conv", [graph.Node("Relu", [first]), weights, bias]));
        AssertQuantized(graph.Build(), 2);
    }

    [Fact]
    public void Weights_whose_channels_lie_along_one_axis_here_and_along_another_there()
    {
        GraphBuilder graph = new();
        string rows = graph.Node("Reshape", [graph.Input("x", SmallModels.Shape), graph.Constant([24, 8])]);
        string table = graph.ScaledWeights(8, 8);
        // Columns of the MatMul, rows of the transposed Gemm; the look-up reads the floats.
        string product = graph.Node("Relu", [graph.Node("MatMul", [rows, table])]);
        string transposed = graph.Node("Gemm", [product, table, graph.Weights(8)], Nodes.Attribute("transB", 1L));
        graph.Output(graph.Node("Add", [transposed, graph.Node("Gather", [table, graph.Constant([3])])]));
        AssertQuantized(graph.Build(), 2);
    }

    [Fact]
    public void Extents_that_are_known_at_run_time_only()
    {
        GraphBuilder graph = new();
        string features = graph.Node("Relu", [graph.Conv(graph.Input("x", -1, 3, -2, -3), 8, 3, 3)]);
        // Back to the features' own height and width, computed from their shape.
        string size = graph.Node("Shape", [features]);
        string half = graph.Node("MaxPool", [features], Nodes.Attribute("kernel_shape", [2L, 2]), Nodes.Attribute("strides", [2L, 2]));
        string back = graph.Node("Resize", [half, "", "", size], Nodes.Attribute("mode", "nearest"));
        graph.Output(graph.Conv(back, 4, 8, 3));
        AssertQuantized(graph.Build(), 2);
    }

    [Fact]
    public void A_mask_of_booleans_beside_the_picture()
    {
        GraphBuilder graph = new();
        string features = graph.Conv(graph.Input("x", SmallModels.Shape), 8, 3, 3);
        string masked = graph.Node("Where", [graph.Input("mask", TensorProto.Types.DataType.Bool, 1, 1, 8, 8), features, graph.Constant([], [0f])]);
        graph.Output(graph.Conv(masked, 4, 8, 3));
        using PipelineFolder folder = new(graph.Build());
        WriteInputs(folder, Reference.Tensor("x", SmallModels.Shape), new NamedTensor("mask", [1, 1, 8, 8], Enumerable.Range(0, 64).Select(i => i % 3 > 0).ToArray()));

        VariantReport int8 = folder.Run(request => request with { Data = [folder.File("inputs.npz")], Variants = ["int8"] }).Report.Variants[1];
        AssertInteger(int8, 2);
    }

    [Fact]
    public void Inputs_of_operators_that_are_left_out()
    {
        GraphBuilder graph = new();
        string x = graph.Input("x", SmallModels.Shape);
        string features = graph.Node("Conv", [x, graph.ScaledWeights(8, 3, 1, 1), ""]);
        string clipped = graph.Node("Clip", [features, "", graph.Constant([], [0.5f])]);
        string larger = graph.Node("Resize", [clipped, "", graph.Constant([4], [1, 1, 2, 2])], Nodes.Attribute("mode", "nearest"));
        graph.Output(graph.Conv(larger, 4, 8, 3));
        AssertQuantized(graph.Build(), 2);
    }

    [Fact]
    public void An_input_with_a_default_is_not_asked_for()
    {
        GraphBuilder graph = new();
        string features = graph.Conv(graph.Input("x", SmallModels.Shape), 8, 3, 3);
        string gain = graph.Constant([8, 1, 1], [1, 2, 3, 4, 5, 6, 7, 8]);
        graph.Input(gain, 8, 1, 1);
        graph.Output(graph.Conv(graph.Node("Mul", [features, gain]), 4, 8, 3));
        AssertQuantized(graph.Build(), 2);
    }

    [Fact]
    public void Weights_in_16_bits()
    {
        GraphBuilder graph = new();
        Half[] halves = [.. graph.Values([8, 3, 3, 3], 0.3f).Select(value => (Half)value)];
        graph.Graph.Initializer.Add(Tensors.Create("halves", [8, 3, 3, 3], halves));
        string weights = graph.Node("Cast", ["halves"], Nodes.Attribute("to", (long)TensorProto.Types.DataType.Float));
        graph.Output(graph.Node("Conv", [graph.Input("x", SmallModels.Shape), weights]));
        AssertQuantized(graph.Build(), 1);
    }

    [Fact]
    public void Functions_and_operators_of_other_domains_between_two_convolutions()
    {
        GraphBuilder graph = new();
        string doubled = graph.Node("Twice", [graph.Conv(graph.Input("x", SmallModels.Shape), 8, 3, 3)]);
        graph.Graph.Node[^1].Domain = "local";
        string gelu = graph.Node("FastGelu", [doubled]);
        graph.Graph.Node[^1].Domain = ContribOperators.Domain;
        graph.Output(graph.Conv(gelu, 4, 8, 3));
        ModelProto model = graph.Build();
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "local", Version = 1 });
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = ContribOperators.Domain, Version = 1 });
        model.Functions.Add(new FunctionProto
        {
            Name = "Twice",
            Domain = "local",
            Input = { "a" },
            Output = { "b" },
            OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 13 } },
            Node = { Nodes.Create("Add", "sum", ["a", "a"], ["b"]) },
        });
        AssertQuantized(model, 2);
    }

    private static void WriteInputs(PipelineFolder folder, params NamedTensor[] inputs)
    {
        using System.IO.Compression.ZipArchive archive = System.IO.Compression.ZipFile.Open(folder.File("inputs.npz"), System.IO.Compression.ZipArchiveMode.Create);
        foreach (NamedTensor tensor in inputs)
        {
            using Stream entry = archive.CreateEntry($"{tensor.Name}.npy").Open();
            Npy.Write(entry, tensor);
        }
    }

    /// <summary>Quantizes a model of the input x[1,3,8,8]; all its compute nodes become integer, and its outputs still agree.</summary>
    /// <returns>The variant's bytes.</returns>
    private static byte[] AssertQuantized(ModelProto model, int computeNodes)
    {
        using PipelineFolder folder = new PipelineFolder(model).WithSamples(3, SmallModels.Shape);
        VariantReport int8 = folder.Run(request => request with { Variants = ["int8"] }).Report.Variants[1];
        AssertInteger(int8, computeNodes);
        Assert.Empty(folder.Diagnosed.Said);
        return File.ReadAllBytes(Path.Combine(folder.Output, "model.int8.onnx"));
    }

    private static void AssertInteger(VariantReport variant, int computeNodes)
    {
        Assert.True(variant.Verdict == "faster", variant.Reason);
        Assert.Equal((computeNodes, 0), (variant.IntegerNodes, variant.FloatComputeNodes));
        Assert.True(variant.Accuracy is { Metric: "agreement" } or { Drop: < 0.01 }, variant.Reason);
    }
}
