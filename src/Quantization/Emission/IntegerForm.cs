using System.Collections.Immutable;
using Octet.Quantization.Methods;

namespace Octet.Quantization.Emission;

/// <summary>How integer parts of a graph are written, by the names that recipes use.</summary>
/// <param name="Name">qdq, channels-last or channels-last-octet.</param>
/// <param name="Operators">What may be integer between compute nodes.</param>
public sealed record IntegerForm(string Name, ConnectingOperators Operators)
{
    /// <summary>Quantize/dequantize pairs that ONNX Runtime fuses: <see cref="QdqEmitter"/>.</summary>
    public static IntegerForm Pairs { get; } = new("qdq", ConnectingOperators.Standard);

    /// <summary>ONNX Runtime's integer operators themselves, channels last: <see cref="ChannelsLastEmitter"/>.</summary>
    public static IntegerForm ChannelsLast { get; } = new("channels-last", ConnectingOperators.Standard);

    /// <summary>The same with the operators of the domain <see cref="QuantizedOperators.Domain"/> between them.</summary>
    public static IntegerForm ChannelsLastOctet { get; } = new("channels-last-octet", ConnectingOperators.WithTables);

    /// <summary>All forms, the one that needs least of ONNX Runtime first.</summary>
    public static ImmutableArray<IntegerForm> All { get; } = [Pairs, ChannelsLast, ChannelsLastOctet];
}
