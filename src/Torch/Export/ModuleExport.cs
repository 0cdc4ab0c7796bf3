using System.Reflection;
using System.Runtime.Loader;
using Octet.Quantization.Diagnostics;
using Octet.Torch.Checkpoints;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Export;

/// <summary>Exports a module with the weights of a checkpoint, in a process that is bound to a rewritten TorchSharp.</summary>
internal static class ModuleExport
{
    /// <summary>Constructs the module, loads its weights, and exports it.</summary>
    /// <param name="request">What is exported.</param>
    /// <param name="recorder">What has watched this process from its start.</param>
    /// <param name="diagnostics">Takes warnings.</param>
    /// <exception cref="DiagnosticException">It cannot be exported; nothing is written.</exception>
    public static ExportResponse Run(ExportRequest request, Recorder recorder, IDiagnosticSink diagnostics)
    {
        System.Diagnostics.Stopwatch clock = System.Diagnostics.Stopwatch.StartNew();
        using IDisposable inference = torch.no_grad();
        using torch.nn.Module module = ModuleConstruction.Construct(Load(request.Assembly), request.ModuleType, request.ConstructorArguments);
        if (request.Checkpoint is { } checkpoint)
            StateLoading.Load(module, CheckpointReader.Read(checkpoint).Tensors, checkpoint);
        module.eval();
        ModuleTraceable traceable = new(module, [.. request.Inputs.Select(input => input.Name)]);
        double constructed = clock.Elapsed.TotalSeconds;
        ExportResponse response = TraceableExport.Run(request, module.GetType().Name, traceable, recorder, diagnostics);
        return response with { Seconds = [constructed, .. response.Seconds] };
    }

    private static Assembly Load(string path)
    {
        try
        {
            return AssemblyLoadContext.Default.LoadFromAssemblyPath(path);
        }
        catch (Exception exception) when (exception is IOException or BadImageFormatException or FileLoadException)
        {
            throw new DiagnosticException(DiagnosticCatalog.Create("OCT2102", path, ModuleConstruction.FirstLine(exception.Message)), exception);
        }
    }
}
