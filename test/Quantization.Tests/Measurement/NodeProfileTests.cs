using System.Collections.Immutable;
using Octet.Quantization.Measurement;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Tests.Pipeline;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Measurement;

/// <summary>To whom the time of a node belongs that ONNX Runtime has made of others.</summary>
public sealed class NodeProfileTests
{
    [Fact]
    public void Blocked_convolutions_are_told_by_their_result_and_layout_changes_fall_to_the_node_before()
    {
        NodeProfile profile = Profile(
            [Nodes.Create("Conv", "first", ["x"], ["a"]), Nodes.Create("Relu", "clamp", ["a"], ["b"]), Nodes.Create("Sigmoid", "last", ["b"], ["y"])],
            [(Nodes.Create("Conv", "b_nchwc", ["x"], ["b_blocked"]), 9), (Nodes.Create("ReorderOutput", "ReorderOutput_token_7", ["b_blocked"], ["reordered"]), 2), (Nodes.Create("Sigmoid", "last", ["reordered"], ["y"]), 4)]);
        Assert.Equal(11, profile.Nodes["clamp"]);
        Assert.Equal(4, profile.Nodes["last"]);
        Assert.Equal(0, profile.Unattributed);
        Assert.Equal(0, profile.ConversionShare);
        Assert.Equal(15, profile.Total);
        Assert.Equal(64, profile.Elements["b"]);
    }

    [Theory]
    [InlineData("QuantizeLinear", "DequantizeLinear", "QuantizeLinear")]
    [InlineData("QuantizeNhwc", "DequantizeNhwc", "QuantizeNhwc")]
    public void Conversions_are_counted_by_value_with_the_layout_changes_around_them(string quantize, string dequantize, string suffix)
    {
        NodeProfile profile = Profile(
            [Nodes.Create("Conv", "first", ["x"], ["a"]), Nodes.Create("HardSwish", "function", ["a"], ["b"]), Nodes.Create("Conv", "second", ["b"], ["y"])],
            [
                (Nodes.Create(quantize, $"x_{suffix}", ["x"], ["x8"]), 5),
                (Nodes.Create("Transpose", "Transpose", ["x8"], ["x8t"]), 3),
                (Nodes.Create("QLinearConv", "first_token_9", ["x8t"], ["a8"]), 20),
                (Nodes.Create(dequantize, $"a_D{dequantize[1..]}/duplicated", ["a8"], ["af"]), 4),
                // What the function is spelled out in has no names; the profiler calls it by operator and number.
                (Nodes.Create("HardSigmoid", "", ["af"], ["h"]), 6),
                (Nodes.Create("Mul", "", ["af", "h"], ["m"]), 7),
                (Nodes.Create(quantize, $"b_{suffix}", ["m"], ["b8"]), 2),
                (Nodes.Create("QLinearConv", "second_quant", ["b8"], ["y8"]), 30),
                (Nodes.Create("Transpose", "Transpose_token_3", ["y8"], ["y8t"]), 1),
                (Nodes.Create(dequantize, "DequantizeLinear_token_4", ["y8t"], ["y"]), 8),
            ]);
        Assert.Equal(8, profile.Quantize["x"]);
        Assert.Equal(2, profile.Quantize["b"]);
        Assert.Equal(4, profile.Dequantize["a"]);
        Assert.Equal(9, profile.Dequantize["y"]);
        Assert.Equal(20, profile.Nodes["first"]);
        Assert.Equal(13, profile.Nodes["function"]);
        Assert.Equal(30, profile.Nodes["second"]);
        Assert.Equal(0, profile.Unattributed);
        Assert.Equal(23.0 / 86, profile.ConversionShare, 12);
        Assert.Equal(50, profile.Operators["QLinearConv"]);
        Assert.Equal(43, profile.Scaled(0.5).Total, 12);
    }

    [Fact]
    public void Single_slow_runs_do_not_count()
    {
        ModelProto model = ModelOf([Nodes.Create("Conv", "conv", ["x"], ["y"])]);
        NodeProfile profile = NodeProfile.Of(model, model, [new ProfiledNode("conv", "Conv", 64, [3, 900, 3, 4, 4, 1])]);
        Assert.Equal(3.5, profile.Total);
    }

    [Fact]
    public void What_belongs_to_nothing_is_counted_too()
    {
        ModelProto model = ModelOf([Nodes.Create("Conv", "conv", ["x"], ["y"])]);
        Assert.Equal(5, NodeProfile.Of(model, model, [new ProfiledNode("stranger", "Sin", 0, [5])]).Unattributed);
    }

    [Fact]
    public void A_real_profile_names_every_node_of_the_model_and_leaves_no_file()
    {
        using ScratchFolder scratch = new();
        ModelProto model = SmallModels.Classifier();
        foreach ((NodeProto node, int i) in model.Graph.Node.Select((node, i) => (node, i)))
            node.Name = $"{node.OpType}{i}";
        OnnxFile.Write(model, scratch.File("model.onnx"));
        using RunInputs inputs = new([new NamedTensor("x", [.. SmallModels.Shape], new GraphBuilder().Values(SmallModels.Shape, 1))]);
        ImmutableArray<ProfiledNode> ran;
        using (ProfiledSession session = new(scratch.File("model.onnx"), threads: 1, scratch.Path, scratch.File("optimized.onnx")))
        {
            for (int run = 0; run < 5; run++)
                session.Run(inputs);
            ran = session.End();
        }
        // The first run is left out.
        Assert.All(ran, node => Assert.Equal(4, node.Microseconds.Length));
        NodeProfile profile = NodeProfile.Of(model, ModelProto.Parser.ParseFrom(File.ReadAllBytes(scratch.File("optimized.onnx"))), ran);
        Assert.Equal(0, profile.Unattributed);
        Assert.Contains(profile.Nodes.Keys, name => name.StartsWith("Gemm", StringComparison.Ordinal));
        Assert.Equal(10, profile.Elements[model.Graph.Output[0].Name]);
        Assert.Equal(["model.onnx", "optimized.onnx"], Directory.EnumerateFiles(scratch.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    private static NodeProfile Profile(NodeProto[] model, (NodeProto Node, double Time)[] ran) => NodeProfile.Of(
        ModelOf(model),
        ModelOf([.. ran.Select(node => node.Node)]),
        [.. ran.Select((node, i) => new ProfiledNode(node.Node.Name.Length > 0 ? node.Node.Name : $"{node.Node.OpType}_{400 + i}", node.Node.OpType, 64, [node.Time]))]);

    private static ModelProto ModelOf(NodeProto[] nodes)
    {
        ModelProto model = new() { Graph = new GraphProto() };
        model.Graph.Input.Add(new ValueInfoProto { Name = "x" });
        model.Graph.Output.Add(new ValueInfoProto { Name = "y" });
        model.Graph.Node.AddRange(nodes);
        return model;
    }
}
