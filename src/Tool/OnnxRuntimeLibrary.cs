using System.Runtime.InteropServices;
using System.Runtime.Loader;
using Octet.Quantization.Diagnostics;

namespace Octet.Tool;

/// <summary>
/// Binds the process to the ONNX Runtime that the application itself restored, so that the very kernels that ship are measured. The packaged
/// tool carries none of its own.
/// </summary>
internal static class OnnxRuntimeLibrary
{
    private const string Assembly = "Microsoft.ML.OnnxRuntime";

    /// <summary>Sets where the managed assembly and its native library are found. Call it before any type of ONNX Runtime is touched.</summary>
    /// <param name="managed">Microsoft.ML.OnnxRuntime.dll, or empty for the one beside the tool.</param>
    /// <param name="native">onnxruntime.dll, libonnxruntime.so or libonnxruntime.dylib, or empty likewise.</param>
    /// <exception cref="DiagnosticException">OCT5004: a path is given and nothing is there.</exception>
    public static void Use(string managed, string native)
    {
        foreach (string path in new[] { managed, native })
            if (path.Length > 0 && !File.Exists(path))
                throw DiagnosticCatalog.Exception("OCT5004", null, RuntimeInformation.RuntimeIdentifier, $"'{path}' does not exist");

        if (managed.Length > 0)
            AssemblyLoadContext.Default.Resolving += (context, name) => name.Name == Assembly ? context.LoadFromAssemblyPath(managed) : null;
        if (native.Length > 0)
            AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) =>
                Path.GetFileNameWithoutExtension(name) is "onnxruntime" or "libonnxruntime" ? NativeLibrary.Load(native) : 0;
    }

    /// <summary>Makes sure that ONNX Runtime is there before any work begins.</summary>
    /// <exception cref="DiagnosticException">OCT5004: it does not load.</exception>
    public static void EnsureLoads()
    {
        try
        {
            if (Octet.Runtime.MachineDescription.Current.OnnxRuntime.Length > 0)
                return;
        }
        catch (Exception exception) when (exception is FileNotFoundException or FileLoadException or BadImageFormatException)
        {
            // The managed assembly is missing, or no assembly at all.
        }
        throw DiagnosticCatalog.Exception("OCT5004", null, RuntimeInformation.RuntimeIdentifier, "its library cannot be loaded");
    }
}
