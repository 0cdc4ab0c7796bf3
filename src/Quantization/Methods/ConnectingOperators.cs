namespace Octet.Quantization.Methods;

/// <summary>Which operators may be integer between two integer compute nodes.</summary>
public enum ConnectingOperators
{
    /// <summary>Those that ONNX Runtime has integer kernels for, or that only move values.</summary>
    Standard,

    /// <summary>
    /// Also those that the domain <see cref="QuantizedOperators.Domain"/> computes: any function of one value as a table, and a product with one factor a
    /// channel; and padding by zeros. For <c>ChannelsLastEmitter</c> only: ONNX Runtime would leave conversions around each.
    /// </summary>
    WithTables,
}
