using System.Runtime.InteropServices;
using Octet.Quantization.Diagnostics;
using Octet.Torch.Interception;
using Octet.Torch.Tracing;
using Octet.Training.Native;

namespace Octet.Torch.Export;

/// <summary>A process that is bound to a rewritten TorchSharp, with libtorch loaded and watched from its first call on.</summary>
internal sealed class ExportSession
{
    private readonly Recorder _recorder = new();

    /// <summary>Loads libtorch.</summary>
    /// <exception cref="DiagnosticException">OCT2101: there is none that loads.</exception>
    public ExportSession(ExportRequest request, IDiagnosticSink diagnostics)
    {
        NativeCalls.Observer = _recorder;
        TorchNativeLoad load = TorchSharpLibrary.LoadNative(request.Assembly, request.TorchFolders);
        if (load.State == TorchNativeState.LoadedPatchedCopy)
            diagnostics.Report(DiagnosticCatalog.Create("OCT2116", null, load.Explanation.TrimEnd('.')));
        _recorder.Bind(NativeLibrary.Load(load.Binding));
    }

    /// <summary>Exports a module, or an archive that holds its code itself.</summary>
    /// <exception cref="DiagnosticException">It cannot be exported.</exception>
    public ExportResponse Export(ExportRequest request, IDiagnosticSink diagnostics) =>
        request.ModuleType.Length > 0 ? ModuleExport.Run(request, _recorder, diagnostics) : ScriptExport.Run(request, _recorder, diagnostics);
}
