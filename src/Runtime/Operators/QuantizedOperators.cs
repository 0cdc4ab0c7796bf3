using Microsoft.ML.OnnxRuntime;
using Octet.Runtime.Operators;

namespace Octet;

/// <summary>The operators that a variant may use beside ONNX's own, in the domain <see cref="Domain"/>.</summary>
/// <remarks>
/// <para>They are computed in C#, on ONNX Runtime's threads, with the widest vector instructions of the processor. All take and give
/// tensors on the CPU. Attributes named <c>..._scale</c> are floats greater than 0, attributes named <c>..._zero_point</c> integers from 0 to 255,
/// 0 where they are missing. Every result equals that of the standard operators it stands for, bit for bit; QuantizedAdd, which computes in integers, may give the
/// neighbour where the sum lies next to a half.</para>
/// <list type="table">
/// <item><term>LookupTable</term><description>y = table[x]: x of any shape, table of 256 entries, y of x's shape, all uint8 or all int8. An int8 value
/// indexes by its bits: -1 is 255.</description></item>
/// <item><term>QuantizedAdd</term><description>y = QuantizeLinear(DequantizeLinear(a) + DequantizeLinear(b)): a, b, y uint8 of one shape; attributes of <c>a_</c>,
/// <c>b_</c> and <c>y_</c>. A third input, uint8[256], is a table that y goes through afterwards.</description></item>
/// <item><term>QuantizedChannelScale</term><description>y = QuantizeLinear(DequantizeLinear(x) * DequantizeLinear(s)) with one s a channel: x, y uint8[n, c, ...], or [n, ..., c]
/// where the attribute <c>channels_last</c> is 1, s uint8 with n times c elements; attributes of <c>x_</c>, <c>s_</c> and <c>y_</c>.</description></item>
/// <item><term>QuantizedDepthwiseConv</term><description>y = QLinearConv(x) of com.microsoft, channels last, a filter a channel: x uint8[n, h, w, c], constant
/// weights int8[c, 1, kh, kw] with their scales, float[c] or one, optionally biases, int32[c] of scale x_scale times the weights', y uint8[n, oh, ow, c];
/// attributes of <c>x_</c> and <c>y_</c>, and <c>kernel_shape</c>, <c>pads</c>, <c>strides</c> and <c>dilations</c> as of Conv. A fifth input, uint8[256], is
/// a table that y goes through afterwards.</description></item>
/// <item><term>QuantizeNhwc</term><description>y = Transpose(QuantizeLinear(x)): x float[n, c, ...], y uint8[n, ..., c]; attributes <c>scale</c> and
/// <c>zero_point</c>. A NaN becomes 0.</description></item>
/// <item><term>DequantizeNhwc</term><description>y = Transpose(DequantizeLinear(x)): x uint8[n, ..., c], y float[n, c, ...]; attributes <c>scale</c> and
/// <c>zero_point</c>.</description></item>
/// <item><term>ResizeNearestNhwc</term><description>y = Resize(x), nearest: x uint8[n, h, w, c]; the integer attributes <c>height_factor</c> and
/// <c>width_factor</c>.</description></item>
/// </list>
/// </remarks>
public static class QuantizedOperators
{
    /// <summary>The operators' domain, version 1.</summary>
    public const string Domain = "octet";

    /// <summary>Gives the operators to the sessions that are created with these options. Doing it again changes nothing.</summary>
    /// <param name="options">The options, still the caller's to dispose. Several threads may register at once.</param>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
    /// <exception cref="ObjectDisposedException"><paramref name="options"/> are disposed.</exception>
    /// <exception cref="DllNotFoundException">There is no ONNX Runtime.</exception>
    /// <exception cref="NotSupportedException">ONNX Runtime is older than 1.18.</exception>
    /// <exception cref="PlatformNotSupportedException">The application runs on .NET Framework or below .NET 8.</exception>
    public static void Register(SessionOptions options)
    {
        if (options is null)
            throw new ArgumentNullException(nameof(options));
#if NET
        OperatorDomain.AddTo(options);
#else
        throw new PlatformNotSupportedException($"The operators of the domain '{Domain}' need .NET 8 or later; open the float model here.");
#endif
    }

    /// <summary>Gives the operators to the options if a model uses them.</summary>
    /// <param name="options">The options, still the caller's to dispose.</param>
    /// <param name="modelPath">The file that a session is created from with these options. What is no ONNX file is left to ONNX Runtime to complain about.</param>
    /// <exception cref="DllNotFoundException">There is no ONNX Runtime.</exception>
    /// <exception cref="NotSupportedException">The operators are needed, and ONNX Runtime is older than 1.18, or .NET older than 8.</exception>
    public static void RegisterFor(SessionOptions options, string modelPath)
    {
        bool needed;
        try
        {
            needed = IsNeededBy(modelPath);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return;
        }
        if (needed)
            Register(options);
    }

    /// <summary>Why the operators cannot be registered in this process; null where they can.</summary>
    internal static string? FindFault()
    {
#if NET
        return OperatorDomain.FindFault();
#else
        return $"the operators of the domain '{Domain}' need .NET 8 or later";
#endif
    }

    /// <summary>Whether a model uses the domain, so that its session needs <see cref="Register"/>.</summary>
    /// <param name="modelPath">An ONNX file. Its nodes and weights are skipped, not read.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is no ONNX file.</exception>
    public static bool IsNeededBy(string modelPath)
    {
        using FileStream stream = File.OpenRead(modelPath);
        return ImportedDomains.Of(stream).Contains(Domain);
    }

    /// <summary>Whether a model uses the domain, so that its session needs <see cref="Register"/>.</summary>
    /// <param name="model">An ONNX model from its current position on; the stream must be seekable.</param>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is no ONNX model.</exception>
    public static bool IsNeededBy(Stream model) => ImportedDomains.Of(model).Contains(Domain);
}
