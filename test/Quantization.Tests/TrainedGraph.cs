using Octet.Quantization.Onnx;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Tests;

/// <summary>Graphs as quantization-aware training exports them.</summary>
internal static class TrainedGraph
{
    /// <summary>A pair around a value, unsigned.</summary>
    public static string Pair(this GraphBuilder graph, string value, float scale, byte zeroPoint)
    {
        string scaleName = graph.Constant([], [scale]), zero = graph.Integers(DataType.Uint8, [], zeroPoint);
        return graph.Node("DequantizeLinear", [graph.Node("QuantizeLinear", [value, scaleName, zero]), scaleName, zero]);
    }

    /// <summary>The same in signed integers: as unsigned ones, 128 less.</summary>
    public static string SignedPair(this GraphBuilder graph, string value, float scale, sbyte zeroPoint)
    {
        string scaleName = graph.Constant([], [scale]), zero = graph.Integers(DataType.Int8, [], unchecked((byte)zeroPoint));
        return graph.Node("DequantizeLinear", [graph.Node("QuantizeLinear", [value, scaleName, zero]), scaleName, zero]);
    }

    /// <summary>Integers of so many bits behind a DequantizeLinear, one scale a channel along axis 0, and their values.</summary>
    public static (string Value, sbyte[] Integers, float[] Scales) IntegerWeights(this GraphBuilder graph, int bits, params long[] shape)
    {
        int limit = (1 << (bits - 1)) - 1;
        sbyte[] integers = [.. graph.Values(shape, limit).Select(value => (sbyte)MathF.Round(value))];
        float[] scales = [.. graph.Values([shape[0]], 0.15f / limit).Select(value => value + 0.3f / limit)];
        string name = $"integers{graph.Graph.Initializer.Count}";
        graph.Graph.Initializer.Add(Tensors.Create(name, shape, integers));
        return (graph.Node("DequantizeLinear", [name, graph.Constant([shape[0]], scales)], Nodes.Attribute("axis", 0L)), integers, scales);
    }

    /// <summary>A constant of an 8-bit type.</summary>
    public static string Integers(this GraphBuilder graph, DataType type, long[] shape, params byte[] values)
    {
        string name = $"integers{graph.Graph.Initializer.Count}";
        graph.Graph.Initializer.Add(Tensors.CreateRaw(name, type, shape, values));
        return name;
    }

    public static string ConvOf(this GraphBuilder graph, string input, string weights) => graph.Node("Conv", [input, weights], Nodes.Attribute("pads", [1L, 1, 1, 1]));
}
