using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Octet.Runtime.Operators;

/// <summary>The operators as ONNX Runtime knows them. Made once, kept as long as the process: sessions hold on to it.</summary>
internal static unsafe class OperatorDomain
{
    private static readonly Lazy<nint> Instance = new(static () => Create(QuantizedOperators.Domain,
    [
        new LookupTableOperator(ElementType.UInt8),
        new LookupTableOperator(ElementType.Int8),
        new QuantizedAddOperator(),
        new QuantizedChannelScaleOperator(),
        new QuantizedDepthwiseConvOperator(),
        new QuantizeNhwcOperator(),
        new DequantizeNhwcOperator(),
        new ResizeNearestNhwcOperator(),
    ]));

    // ONNX Runtime refuses a session whose options hold a domain twice.
    private static readonly ConditionalWeakTable<SessionOptions, object> Registered = [];

    /// <summary>Why the domain cannot be made; null where it can.</summary>
    public static string? FindFault()
    {
        try
        {
            _ = Instance.Value;
            return null;
        }
        // Whatever it is (an older ONNX Runtime, none at all, one under another name), the application goes on without the operators.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return Fault.Of(e);
        }
    }

    /// <summary>Adds the domain, unless it was added before.</summary>
    /// <exception cref="ObjectDisposedException">The options are disposed.</exception>
    public static void AddTo(SessionOptions options)
    {
        bool held = false;
        try
        {
            options.DangerousAddRef(ref held);
            lock (Registered)
            {
                if (Registered.TryGetValue(options, out _))
                    return;
                Add(options, Instance.Value);
                Registered.Add(options, Registered);
            }
        }
        finally
        {
            if (held)
                options.DangerousRelease();
        }
    }

    /// <summary>Adds a domain to options that are not disposed meanwhile.</summary>
    internal static void Add(SessionOptions options, nint domain) => OnnxRuntimeApi.Check(
        ((delegate* unmanaged<nint, nint, nint>)OnnxRuntimeApi.Function(OrtFunction.AddCustomOpDomain))(options.DangerousGetHandle(), domain));

    /// <summary>Makes a domain; it is never freed.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="operators">Its operators.</param>
    internal static nint Create(string name, IEnumerable<CustomOperator> operators)
    {
        nint utf8 = Marshal.StringToCoTaskMemUTF8(name);
        nint domain;
        OnnxRuntimeApi.Check(((delegate* unmanaged<byte*, nint*, nint>)OnnxRuntimeApi.Function(OrtFunction.CreateCustomOpDomain))((byte*)utf8, &domain));
        Marshal.FreeCoTaskMem(utf8);
        foreach (CustomOperator @operator in operators)
            OnnxRuntimeApi.Check(((delegate* unmanaged<nint, OrtCustomOp*, nint>)OnnxRuntimeApi.Function(OrtFunction.CustomOpDomain_Add))(domain, @operator.ToNative()));
        return domain;
    }
}
