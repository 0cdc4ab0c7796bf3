using System.Collections.Immutable;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Conversion;

/// <summary>Normalization with statistics of the data itself: over the last axes, groups of channels, single channels, neighbouring channels, or to a length of 1.</summary>
internal static class DataNormalization
{
    public static void Register(ConversionTable table)
    {
        table.Add(OfLastAxes, "THSNN_layer_norm");
        table.Add(OfGroups, "THSNN_group_norm");
        table.Add(OfChannels, "THSNN_instance_norm");
        table.Add(OfNeighbours, "THSNN_local_response_norm");
        table.Add(ToLength, "THSNN_normalize");
        table.Add(Similarity, "THSNN_cosine_similarity");
        table.Add(Distance, "THSNN_pairwise_distance");
    }

    private static void OfLastAxes(ConversionContext call)
    {
        TracedTensor input = call.Tensor("input");
        ImmutableArray<long> axes = call.Integers("normalized_shape");
        string scale = call.OptionalTensor("weight") is { } weight ? call.Value(weight) : Same(call, axes, 1);
        string[] inputs = call.OptionalTensor("bias") is { } bias ? [call.Value(input), scale, call.Value(bias)] : [call.Value(input), scale];
        call.Return(call.Add("LayerNormalization", inputs, Nodes.Attribute("axis", (long)-axes.Length), Nodes.Attribute("epsilon", (float)call.Number("eps"))));
    }

    /// <summary>A group is normalized as one channel; weights and biases come after, channel by channel. The operator for it came later than opset 17, and its weights later still.</summary>
    private static void OfGroups(ConversionContext call)
    {
        TracedTensor input = call.Tensor("input");
        long groups = call.Integer("num_groups");
        string grouped = call.Add("Reshape", [call.Value(input), call.Integers(0, groups, -1)]);
        string normalized = call.Add("InstanceNormalization", [grouped, Same(call, [groups], 1), Same(call, [groups], 0)], Nodes.Attribute("epsilon", (float)call.Number("eps")));
        string value = call.Add("Reshape", [normalized, call.Integers([.. input.Shape.Select((extent, axis) => axis == 0 ? -1 : call.FixedExtent(input, axis))])]);
        if (call.OptionalTensor("weight") is { } weight)
            value = call.Product(value, OfChannel(weight));
        if (call.OptionalTensor("bias") is { } bias)
            value = call.Sum(value, OfChannel(bias));
        call.Return(value);

        string OfChannel(TracedTensor tensor) => call.Unsqueeze(call.Value(tensor), [.. Enumerable.Range(1, input.Rank - 2).Select(axis => (long)axis)]);
    }

    private static void OfChannels(ConversionContext call)
    {
        TracedTensor input = call.Tensor("input");
        long channels = call.FixedExtent(input, 1);
        string scale = call.OptionalTensor("weight") is { } weight ? call.Value(weight) : Same(call, [channels], 1);
        string shift = call.OptionalTensor("bias") is { } bias ? call.Value(bias) : Same(call, [channels], 0);
        AttributeProto epsilon = Nodes.Attribute("epsilon", (float)call.Number("eps"));
        call.Return(call.Flag("use_input_stats")
            ? call.Add("InstanceNormalization", [call.Value(input), scale, shift], epsilon)
            : call.Add("BatchNormalization", [call.Value(input), scale, shift, call.Value("running_mean"), call.Value("running_var")], epsilon));
    }

    private static void OfNeighbours(ConversionContext call)
    {
        long size = call.Integer("size");
        // Of an even number of neighbours, torch has the odd one before, ONNX behind.
        if (size % 2 == 0)
            throw call.Unsupported($"with an even size ({size})");
        TracedTensor input = call.Tensor("input");
        ImmutableArray<Extent> image = [.. input.Shape[..2], .. input.Shape[2..], .. Enumerable.Repeat(new Extent(1), Math.Max(4 - input.Rank, 0))];
        if (input.Rank > 4)
            throw call.Unsupported("of volumes");
        string value = call.Add("LRN", [call.Reshape(call.Value(input), input.Shape, image)], Nodes.Attribute("size", size), Nodes.Attribute("alpha", (float)call.Number("alpha")),
            Nodes.Attribute("beta", (float)call.Number("beta")), Nodes.Attribute("bias", (float)call.Number("k")));
        call.Return(call.ReshapeToResult(value, image));
    }

    private static void ToLength(ConversionContext call)
    {
        TracedTensor input = call.Tensor("input");
        string length = Moments.Norm(call, call.Value(input), call.Number("p"), [call.Axis(input, "dim")], keep: true);
        call.Return(call.Quotient(call.Value(input), AtLeast(call, length, call.Number("eps"))));
    }

    private static void Similarity(ConversionContext call)
    {
        TracedTensor left = call.Tensor("input1"), right = call.Tensor("input2");
        long axis = call.Integer("dim") is >= 0 and var front ? front - Math.Max(left.Rank, right.Rank) : call.Integer("dim");
        string product = Reductions.Reduce(call, "ReduceSum", call.Product(Unit(left), Unit(right)), [axis], keep: false);
        call.Return(product);

        string Unit(TracedTensor tensor) =>
            call.Quotient(call.Value(tensor), AtLeast(call, Reductions.Reduce(call, "ReduceL2", call.Value(tensor), [axis], keep: true), call.Number("eps")));
    }

    private static void Distance(ConversionContext call)
    {
        string difference = call.Sum(call.Difference(call.Value("input1"), call.Value("input2")), call.Constant(call.Result().ElementType, call.Number("eps")));
        call.Return(Moments.Norm(call, difference, call.Number("p"), [-1], call.Flag("keepdim")));
    }

    private static string AtLeast(ConversionContext call, string value, double least) => call.Add("Max", [value, call.Constant(call.Result().ElementType, least)]);

    private static string Same(ConversionContext call, ImmutableArray<long> shape, float number)
    {
        float[] values = new float[shape.Aggregate(1L, (product, extent) => product * extent)];
        values.AsSpan().Fill(number);
        return call.Cast(call.Floats(shape, values), torch.ScalarType.Float32, call.Result().ElementType);
    }
}
