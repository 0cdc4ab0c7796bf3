using Octet.Quantization.Emission;
using Octet.Quantization.Measurement;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Quantization.Reporting;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Measurement;

public sealed class OptimizedGraphTests
{
    [Fact]
    public void A_float_model_has_float_nodes_and_leaves_no_file_behind()
    {
        using ScratchFolder scratch = new();
        Onnx.OnnxFile.Write(TwoConvolutions(out _), scratch.File("model.onnx"));

        Assert.Equal(new OptimizedGraph(0, 2, 0), OptimizedGraph.Read(scratch.File("model.onnx"), scratch.File("inner")));
        Assert.Empty(Directory.EnumerateFiles(scratch.File("inner")));
    }

    [Fact]
    public void Layers_are_compared_each_with_its_own_float_value_the_worst_first()
    {
        ModelProto model = TwoConvolutions(out NamedTensor input);
        ModelProto prepared = PreparationPipeline.Run(model, "test.onnx");
        QuantizationPlan plan = StaticQuantization.Plan(prepared, []);
        EmittedModel emitted = Quantized.Make(model, input);
        using ScratchFolder scratch = new();

        LayerReport[] layers = [.. LayerErrors.Measure(prepared, emitted, plan, [[input]], scratch.Path)];

        Assert.Equal(prepared.Graph.Node.Where(node => node.OpType == "Conv").Select(node => node.Name).Order(), layers.Select(layer => layer.Node).Order());
        Assert.All(layers, layer => Assert.True(layer.Quantized));
        Assert.All(layers, layer => Assert.InRange(layer.SqnrDb!.Value, 20, 80));
        Assert.Equal(layers.OrderBy(layer => layer.SqnrDb), layers);
        Assert.Empty(Directory.EnumerateFiles(scratch.Path));
    }

    private static ModelProto TwoConvolutions(out NamedTensor input)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 3, 8, 8);
        builder.Output(builder.Conv(builder.Node("Relu", [builder.Conv(x, 8, 3, 3)]), 4, 8, 3), 1, 4, 8, 8);
        input = Reference.Tensor(x, [1, 3, 8, 8]);
        return builder.Build();
    }
}
