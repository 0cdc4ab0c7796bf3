using System.Collections.Immutable;
using Google.Protobuf;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Torch.Conversion;
using Octet.Torch.Tracing;
using Octet.Torch.Verification;
using TorchSharp;

namespace Octet.Torch.Export;

/// <summary>Exports whatever can be traced: traces, converts, verifies, and only then writes.</summary>
internal static class TraceableExport
{
    private static readonly Dictionary<object, string> NoPaths = [];

    /// <summary>Exports.</summary>
    /// <param name="request">What is exported.</param>
    /// <param name="name">What it is called, in messages and as the graph's name.</param>
    /// <param name="traceable">The calculation, in evaluation mode.</param>
    /// <param name="recorder">What has watched this process from its start.</param>
    /// <param name="diagnostics">Takes warnings.</param>
    /// <exception cref="DiagnosticException">It cannot be exported; nothing is written.</exception>
    public static ExportResponse Run(ExportRequest request, string name, ITraceable traceable, Recorder recorder, IDiagnosticSink diagnostics)
    {
        System.Diagnostics.Stopwatch clock = System.Diagnostics.Stopwatch.StartNew();
        List<double> seconds = [];
        void Lap()
        {
            seconds.Add(clock.Elapsed.TotalSeconds);
            clock.Restart();
        }

        using IDisposable inference = torch.no_grad();
        (ImmutableArray<ModelInput>? found, Exception? failure) = ModelInputs.Find(request.Inputs, request.FixedBatch, inputs => traceable.Forward(inputs));
        if (found is not { } inputs)
            throw new DiagnosticException(DiagnosticCatalog.Create("OCT2107", request.Checkpoint, name, string.Join(", ", request.Inputs.Select(input => $"{input.Name}[{string.Join(",", input.Dimensions)}]")),
                $"{failure!.GetType().Name}: {ModuleConstruction.FirstLine(failure.Message)}"), failure);
        Trace trace = Traced(recorder, traceable, inputs, request.FixedBatch);
        foreach (string read in trace.Reads)
            diagnostics.Report(DiagnosticCatalog.Create("OCT2114", request.Checkpoint, read));
        Lap();

        ImmutableArray<string> outputNames = OutputNames(traceable, trace);
        ModelProto model = GraphConverter.Convert(trace, outputNames, name, request.Opset);
        byte[] bytes = model.ToByteArray();
        Lap();

        ImmutableArray<OutputError> errors = ModelVerification.Run(bytes, model.Graph.Node.Any(node => node.OpType == "QuantizeLinear"), inputs, request.FixedBatch, outputNames, traceable.Forward, trace.Reads);
        OnnxFile.Write(model, request.Output);
        Lap();
        return new ExportResponse
        {
            Written = true,
            Inputs = [.. trace.Inputs.Select(input => $"{input.Name}: {input}")],
            Outputs = [.. trace.Outputs.Zip(outputNames, (output, outputName) => $"{outputName}: {output}")],
            Calls = trace.Calls.Length,
            Nodes = model.Graph.Node.Count,
            Verification = errors,
            Seconds = [.. seconds],
        };
    }

    private static Trace Traced(Recorder recorder, ITraceable traceable, ImmutableArray<ModelInput> inputs, bool fixedBatch)
    {
        Trace At(long? batch)
        {
            Random random = new(1);
            torch.Tensor[] tensors = [.. inputs.Select(input => input.Make(batch, random))];
            return recorder.Record(traceable, (traceable as INamedTraceable)?.Paths ?? NoPaths, [.. inputs.Select((input, i) => (input.Name, tensors[i]))]);
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

    // No output may have the name of an input or of a weight.
    private static ImmutableArray<string> OutputNames(ITraceable traceable, Trace trace)
    {
        IEnumerable<string> wanted = traceable is INamedTraceable named ? named.OutputNames : trace.Outputs.Length == 1 ? ["output"] : trace.Outputs.Select((_, i) => $"output_{i}");
        HashSet<string> seen = new(trace.Inputs.Select(input => input.Name).Concat(traceable.State.Select(state => state.Name)), StringComparer.Ordinal);
        return [.. wanted.Select(name =>
        {
            string distinct = name;
            for (int i = 2; !seen.Add(distinct); i++)
                distinct = $"{name}_{i}";
            return distinct;
        })];
    }
}
