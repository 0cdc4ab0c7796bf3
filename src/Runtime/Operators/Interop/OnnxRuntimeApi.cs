using System.Runtime.InteropServices;

namespace Octet.Runtime.Operators;

/// <summary>The functions of ONNX Runtime's C interface that custom operators need.</summary>
/// <remarks>
/// The interface is a table of function pointers, <c>struct OrtApi</c> of onnxruntime_c_api.h; a place in it never changes once it is released.
/// </remarks>
internal static unsafe class OnnxRuntimeApi
{
    /// <summary>The version of the interface that is asked for: 1.18 brought the last function and the last field used here.</summary>
    public const uint Version = 18;

    private const int Fail = 1;

    private static readonly Lazy<nint> Table = new(Load);

    /// <summary>The pointer to a function; its caller casts it to the type that the header gives.</summary>
    /// <exception cref="DllNotFoundException">There is no ONNX Runtime.</exception>
    /// <exception cref="EntryPointNotFoundException">The library is no ONNX Runtime.</exception>
    /// <exception cref="NotSupportedException">ONNX Runtime is older than <see cref="Version"/>.</exception>
    public static void* Function(OrtFunction function) => ((void**)Table.Value)[(int)function];

    /// <summary>Releases the status of a call.</summary>
    /// <exception cref="OnnxRuntimeCallException">The status is an error.</exception>
    public static void Check(nint status)
    {
        if (status == 0)
            return;
        var message = ((delegate* unmanaged<nint, byte*>)Function(OrtFunction.GetErrorMessage))(status);
        string text = Marshal.PtrToStringUTF8((nint)message) ?? "";
        ReleaseStatus(status);
        throw new OnnxRuntimeCallException(text);
    }

    /// <summary>The status of a failure. ONNX Runtime releases it.</summary>
    public static nint CreateStatus(Exception exception)
    {
        // Messages of our own stand alone; of what nobody foresaw the type helps to find it.
        string text = exception is OperatorException or OnnxRuntimeCallException ? exception.Message : $"{exception.GetType().Name}: {exception.Message}";
        nint message = Marshal.StringToCoTaskMemUTF8(text);
        nint status = ((delegate* unmanaged<int, byte*, nint>)Function(OrtFunction.CreateStatus))(Fail, (byte*)message);
        Marshal.FreeCoTaskMem(message);
        return status;
    }

    public static void ReleaseStatus(nint status) => ((delegate* unmanaged<nint, void>)Function(OrtFunction.ReleaseStatus))(status);

    private static nint Load()
    {
        ApiBase* api = OrtGetApiBase();
        nint table = ((delegate* unmanaged<uint, nint>)api->GetApi)(Version);
        if (table != 0)
            return table;
        string? version = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)api->GetVersionString)());
        throw new NotSupportedException($"The operators of the domain '{QuantizedOperators.Domain}' need ONNX Runtime 1.{Version} or later; this is {version}.");
    }

    // The managed library of ONNX Runtime names it so too: both get the same library.
    [DllImport("onnxruntime")]
    private static extern ApiBase* OrtGetApiBase();

    [StructLayout(LayoutKind.Sequential)]
    private struct ApiBase
    {
        public void* GetApi;
        public void* GetVersionString;
    }
}

/// <summary>A call into ONNX Runtime failed, with its words.</summary>
internal sealed class OnnxRuntimeCallException(string message) : Exception(message);
