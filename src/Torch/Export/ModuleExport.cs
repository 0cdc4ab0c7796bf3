using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.Loader;
using Google.Protobuf;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Torch.Conversion;
using Octet.Torch.Tracing;
using Octet.Torch.Verification;
using TorchSharp;

namespace Octet.Torch.Export;

/// <summary>Exports one module, in a process that is bound to a rewritten TorchSharp.</summary>
internal static class ModuleExport
{
    /// <summary>Traces, converts, verifies and writes.</summary>
    /// <param name="request">What is exported.</param>
    /// <param name="recorder">What has watched this process from its start.</param>
    /// <param name="diagnostics">Takes warnings.</param>
    /// <exception cref="DiagnosticException">It cannot be exported; nothing is written.</exception>
    public static ExportResponse Run(ExportRequest request, Recorder recorder, IDiagnosticSink diagnostics)
    {
        System.Diagnostics.Stopwatch clock = System.Diagnostics.Stopwatch.StartNew();
        List<double> seconds = [];
        void Lap()
        {
            seconds.Add(clock.Elapsed.TotalSeconds);
            clock.Restart();
        }

        using IDisposable inference = torch.no_grad();
        using torch.nn.Module module = ModuleConstruction.Construct(Load(request.Assembly), request.ModuleType, request.ConstructorArguments);
        if (request.Checkpoint is { } checkpoint)
            StateLoading.Load(module, StateFile.Read(checkpoint, request.ModuleType), checkpoint);
        module.eval();
        Lap();

        ModuleTraceable traceable = new(module, [.. request.Inputs.Select(input => input.Name)]);
        (ImmutableArray<ModelInput>? found, Exception? failure) = ModelInputs.Find(request.Inputs, request.FixedBatch, inputs => traceable.Forward(inputs));
        if (found is not { } inputs)
            throw new DiagnosticException(DiagnosticCatalog.Create("OCT2107", request.Checkpoint, request.ModuleType, string.Join(", ", request.Inputs.Select(input => $"{input.Name}[{string.Join(",", input.Dimensions)}]")),
                $"{failure!.GetType().Name}: {ModuleConstruction.FirstLine(failure.Message)}"), failure);
        Trace trace = Trace(recorder, traceable, inputs, request.FixedBatch);
        foreach (string read in trace.Reads)
            diagnostics.Report(DiagnosticCatalog.Create("OCT2114", request.Checkpoint, read));
        Lap();

        ImmutableArray<string> outputNames = Distinct(traceable.OutputNames, inputs.Select(input => input.Name).Concat(traceable.State.Select(state => state.Name)));
        ModelProto model = GraphConverter.Convert(trace, outputNames, Path.GetFileNameWithoutExtension(request.Output), request.Opset);
        byte[] bytes = model.ToByteArray();
        Lap();

        string hint = trace.Reads.Length > 0
            ? $"Values were read into C# ({string.Join(", ", trace.Reads)}): a decision by them is not in the exported model."
            : "A decision in forward by the values of a tensor, which the trace cannot show, is the likely cause; otherwise a defect of Octet.";
        ImmutableArray<OutputError> errors = ModelVerification.Run(bytes, inputs, request.FixedBatch, outputNames, traceable.Forward, hint);
        OnnxFile.Write(model, request.Output);
        Lap();
        return new ExportResponse
        {
            Written = true,
            Inputs = [.. trace.Inputs.Select(input => $"{input.Name}: {input}")],
            Outputs = [.. trace.Outputs.Zip(outputNames, (output, name) => $"{name}: {output}")],
            Calls = trace.Calls.Length,
            Nodes = model.Graph.Node.Count,
            Verification = errors,
            Seconds = [.. seconds],
        };
    }

    private static Trace Trace(Recorder recorder, ModuleTraceable traceable, ImmutableArray<ModelInput> inputs, bool fixedBatch)
    {
        Trace At(long? batch)
        {
            Random random = new(1);
            torch.Tensor[] tensors = [.. inputs.Select(input => input.Make(batch, random))];
            return recorder.Record(traceable, traceable.Paths, [.. inputs.Select((input, i) => (input.Name, tensors[i]))]);
        }

        if (fixedBatch)
            return At(null);
        Trace first = At(Extent.FirstBatch);
        try
        {
            return TraceComparison.Merge(first, At(Extent.SecondBatch));
        }
        catch (Exception exception) when (exception is not DiagnosticException)
        {
            throw new DiagnosticException(DiagnosticCatalog.Create("OCT2112", null, $"at batch {Extent.SecondBatch} forward throws {exception.GetType().Name}: {ModuleConstruction.FirstLine(exception.Message)}"), exception);
        }
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

    private static ImmutableArray<string> Distinct(ImmutableArray<string> names, IEnumerable<string> taken)
    {
        HashSet<string> seen = new(taken, StringComparer.Ordinal);
        return [.. names.Select(name =>
        {
            string distinct = name;
            for (int i = 2; !seen.Add(distinct); i++)
                distinct = $"{name}_{i}";
            return distinct;
        })];
    }
}
