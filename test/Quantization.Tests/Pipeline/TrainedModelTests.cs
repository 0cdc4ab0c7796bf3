using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Octet.Quantization.Emission;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Reporting;
using Octet.Quantization.Search;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Tests.Pipeline;

/// <summary>Models that come with trained quantization: their integers ship.</summary>
public class TrainedModelTests
{
    // Of fewer channels a form may fold columns: the same weights, several times and among zeros.
    private static readonly long[] FourChannels = [1, 4, 8, 8];

    [Theory]
    [InlineData("qdq")]
    [InlineData("channels-last")]
    [InlineData("channels-last-octet")]
    public void The_integers_scales_and_zero_points_that_ship_are_those_that_were_trained(string form)
    {
        (ModelProto model, sbyte[][] integers) = Chain();
        using PipelineFolder folder = new PipelineFolder(model).WithSamples(4, FourChannels);
        QuantizationResult result = folder.Run(request => request with { Variants = ["int8"], Pinned = new PinnedChoices(IntegerForm.All.Single(known => known.Name == form), [], [], ImmutableSortedDictionary<string, string>.Empty) });
        Assert.Equal("OCT2008", Assert.Single(folder.Diagnosed.Codes));
        GraphProto shipped = OnnxFile.Read(Path.Combine(folder.Output, "model.int8.onnx")).Graph;
        sbyte[][] stored = [.. shipped.Initializer.Where(tensor => tensor.DataType == (int)DataType.Int8 && tensor.Dims.Count > 1).Select(tensor => tensor.ToBytes().ToArray().Select(value => (sbyte)value).Order().ToArray())];
        // A form may have the axes in another order.
        Assert.Equal(integers.Select(values => string.Join(',', values.Order())).Order(StringComparer.Ordinal), stored.Select(values => string.Join(',', values)).Order(StringComparer.Ordinal));
        float[] scales = [.. shipped.Initializer.Where(tensor => tensor.DataType == (int)DataType.Float && tensor.ElementCount() == 1).Select(tensor => tensor.ToFloats()[0]), .. shipped.Node.SelectMany(node => node.Attribute).Where(attribute => attribute.Name.EndsWith("scale", StringComparison.Ordinal)).Select(attribute => attribute.F)];
        Assert.Superset(new HashSet<float> { 0.0073f, 0.031f }, scales.ToHashSet());

        JsonObject recipe = result.Report.Variants[1].Recipe!;
        Assert.Equal(("trained", 2, form), ((string?)recipe["calibration"], (int)recipe["trainedWeights"]!, (string?)recipe["form"]));
        // The same arithmetic but for the rounding of a bias and of ties.
        Assert.True(result.Report.Variants[1].Accuracy!.Value > 40, $"{result.Report.Variants[1].Accuracy}");
    }

    [Fact]
    public void What_training_left_float_stays_float()
    {
        GraphBuilder graph = new();
        string first = graph.Node("Relu", [graph.ConvOf(graph.Pair(graph.Input("x", SmallModels.Shape), 0.0073f, 131), graph.IntegerWeights(8, 8, 3, 3, 3).Value)]);
        graph.Output(graph.ConvOf(graph.Pair(first, 0.031f, 0), graph.ScaledWeights(4, 8, 3, 3)));
        using PipelineFolder folder = new PipelineFolder(graph.Build()).WithSamples(4, SmallModels.Shape);
        JsonObject recipe = folder.Run(request => request with { Variants = ["int8"] }).Report.Variants[1].Recipe!;
        Assert.Equal(1, (int)recipe["computeNodes"]!);
        Assert.Contains("trained as floats", recipe["leftFloat"]!.AsArray().Single()!["reason"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Values_without_a_trained_range_are_calibrated_where_there_is_data()
    {
        using PipelineFolder folder = new PipelineFolder(Sum()).WithSamples(4, SmallModels.Shape);
        JsonObject recipe = folder.Run(request => request with { Variants = ["int8"] }).Report.Variants[1].Recipe!;
        Assert.StartsWith("trained; minmax for ", (string?)recipe["calibration"], StringComparison.Ordinal);
        Assert.Equal(3, (int)recipe["computeNodes"]!);
    }

    [Fact]
    public void Without_data_only_what_needs_no_other_range_is_integer()
    {
        using PipelineFolder folder = new(Sum());
        JsonObject recipe = folder.Run(request => request with { Variants = ["int8"] }).Report.Variants[1].Recipe!;
        Assert.Equal(["OCT2008", "OCT3001"], folder.Diagnosed.Codes.Order(StringComparer.Ordinal));
        Assert.Equal(("trained", 1), ((string?)recipe["calibration"], (int)recipe["computeNodes"]!));
        Assert.Contains(recipe["float"]!.AsArray(), left => left!["reason"]!.ToString().Contains("no range was trained", StringComparison.Ordinal));
    }

    [Fact]
    public void Rounding_before_a_clamp_or_a_pool_is_rounding_behind_it()
    {
        GraphBuilder graph = new();
        // As exporters of whole layers write it: the pair is before the Relu, and the pool has none.
        string conv = graph.Pair(graph.ConvOf(graph.Pair(graph.Input("x", SmallModels.Shape), 0.0073f, 131), graph.IntegerWeights(8, 8, 3, 3, 3).Value), 0.031f, 120);
        string pool = graph.Node("MaxPool", [graph.Node("Relu", [conv])], Nodes.Attribute("kernel_shape", [2L, 2]), Nodes.Attribute("strides", [2L, 2]));
        graph.Output(graph.Pair(graph.ConvOf(pool, graph.IntegerWeights(8, 4, 8, 3, 3).Value), 0.1f, 128));
        using PipelineFolder folder = new PipelineFolder(graph.Build()).WithSamples(4, SmallModels.Shape);
        VariantReport row = folder.Run(request => request with { Variants = ["int8"] }).Report.Variants[1];
        Assert.Equal("trained", (string?)row.Recipe!["calibration"]);
        Assert.True(row.Accuracy!.Value > 35, $"{row.Accuracy}");
    }

    private static (ModelProto Model, sbyte[][] Integers) Chain()
    {
        GraphBuilder graph = new();
        (string first, sbyte[] firstIntegers, _) = graph.IntegerWeights(4, 16, 4, 3, 3);
        (string second, sbyte[] secondIntegers, _) = graph.IntegerWeights(8, 8, 16, 3, 3);
        string hidden = graph.Node("Relu", [graph.ConvOf(graph.Pair(graph.Input("x", FourChannels), 0.0073f, 131), first)]);
        graph.Output(graph.Pair(graph.ConvOf(graph.Pair(hidden, 0.031f, 0), second), 0.1f, 128));
        return (graph.Build(), [firstIntegers, secondIntegers]);
    }

    // Two branches without a range of their own.
    private static ModelProto Sum()
    {
        GraphBuilder graph = new();
        string input = graph.Pair(graph.Input("x", SmallModels.Shape), 0.0073f, 131);
        string sum = graph.Node("Add", [graph.ConvOf(input, graph.IntegerWeights(8, 8, 3, 3, 3).Value), graph.ConvOf(input, graph.IntegerWeights(8, 8, 3, 3, 3).Value)]);
        string last = graph.ConvOf(graph.Pair(sum, 0.05f, 128), graph.IntegerWeights(8, 4, 8, 3, 3).Value);
        graph.Output(graph.Pair(last, 0.1f, 128));
        return graph.Build();
    }
}
