using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Onnx.Protocol;
using Octet.Torch.Conversion;
using Octet.Torch.Export;
using Octet.Torch.Interception;
using Octet.Torch.Tracing;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace NetworkRunner;

/// <summary>Exports networks and runs them on both sides.</summary>
internal sealed class Cases
{
    private readonly Assembly _modules;
    private readonly Recorder _recorder;

    public Cases(string assembly, Recorder recorder, string[] folders)
    {
        _recorder = recorder;
        _modules = Assembly.LoadFrom(assembly);
        recorder.Bind(NativeLibrary.Load(TorchSharpLibrary.LoadNative(assembly, folders).Binding));
        set_num_threads(1);
    }

    public CaseResponse Run(CaseRequest request)
    {
        try
        {
            return Compare(request);
        }
        catch (DiagnosticException exception)
        {
            return new($"{exception.Diagnostic.Code}: {exception.Diagnostic.Text}", ImmutableDictionary<string, double>.Empty, []);
        }
        catch (Exception exception)
        {
            return new(exception.ToString(), ImmutableDictionary<string, double>.Empty, []);
        }
    }

    private CaseResponse Compare(CaseRequest request)
    {
        using IDisposable none = no_grad();
        manual_seed(1);
        nn.Module module = ModuleConstruction.Construct(_modules, request.Type, request.Arguments);
        _modules.GetType("TorchModules.RandomWeights")!.GetMethod("Fill")!.MakeGenericMethod(typeof(nn.Module)).Invoke(null, [module, 7L]);
        module.eval();
        ModuleTraceable traceable = new(module, [.. request.Inputs.Select(input => input.Name)]);
        Trace trace = TraceComparison.Merge(Record(Extent.FirstBatch), Record(Extent.SecondBatch));
        ModelProto model = GraphConverter.Convert(trace, traceable.OutputNames, request.Type, request.Opset);

        Dictionary<string, double> errors = [];
        using SessionOptions options = new() { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        using InferenceSession session = new(model.ToByteArray(), options);
        foreach (long batch in new long[] { 1, 2, 3, 5 })
        {
            Tensor[] inputs = [.. request.Inputs.Select(input => Random(input, batch))];
            // A module may write to what it is given.
            IReadOnlyList<Tensor> expected = traceable.Forward([.. inputs.Select(input => input.clone())]);
            using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> actual = session.Run([.. request.Inputs.Zip(inputs, (input, tensor) => Value(input.Name, tensor))]);
            foreach ((string name, Tensor tensor) in traceable.OutputNames.Zip(expected))
                errors[name] = Math.Max(errors.GetValueOrDefault(name), Error(tensor, actual.Single(value => value.Name == name)));
        }
        return new(null, errors.ToImmutableDictionary(), [.. model.Graph.Node.Select(node => node.OpType)]);

        Trace Record(long batch) => _recorder.Record(traceable, traceable.Paths, [.. request.Inputs.Select(input => (input.Name, Random(input, batch)))]);
    }

    private static Tensor Random(CaseInput input, long batch)
    {
        long[] shape = [batch, .. input.Extents];
        return input.Kind switch
        {
            "float" => randn(shape),
            "bool" => rand(shape) > 0.3,
            _ => randint(0, long.Parse(input.Kind.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture), shape, int64),
        };
    }

    private static NamedOnnxValue Value(string name, Tensor tensor)
    {
        int[] shape = [.. tensor.shape.Select(extent => (int)extent)];
        return tensor.dtype switch
        {
            ScalarType.Float32 => NamedOnnxValue.CreateFromTensor(name, new DenseTensor<float>(MemoryMarshal.Cast<byte, float>(tensor.bytes).ToArray(), shape)),
            ScalarType.Int64 => NamedOnnxValue.CreateFromTensor(name, new DenseTensor<long>(MemoryMarshal.Cast<byte, long>(tensor.bytes).ToArray(), shape)),
            _ => NamedOnnxValue.CreateFromTensor(name, new DenseTensor<bool>(MemoryMarshal.Cast<byte, bool>(tensor.bytes).ToArray(), shape)),
        };
    }

    /// <summary>The largest difference over the largest magnitude; infinite where type, shape, or what is no number differs.</summary>
    private static double Error(Tensor expected, NamedOnnxValue actual)
    {
        (double[] values, int[] shape) = actual.Value switch
        {
            DenseTensor<float> { Dimensions: var dimensions } floats when expected.dtype == ScalarType.Float32 => (Doubles(floats.Buffer.Span), dimensions.ToArray()),
            DenseTensor<double> { Dimensions: var dimensions } doubles when expected.dtype == ScalarType.Float64 => (Doubles(doubles.Buffer.Span), dimensions.ToArray()),
            DenseTensor<long> { Dimensions: var dimensions } longs when expected.dtype == ScalarType.Int64 => (Doubles(longs.Buffer.Span), dimensions.ToArray()),
            DenseTensor<int> { Dimensions: var dimensions } integers when expected.dtype == ScalarType.Int32 => (Doubles(integers.Buffer.Span), dimensions.ToArray()),
            DenseTensor<bool> { Dimensions: var dimensions } booleans when expected.dtype == ScalarType.Bool => ([.. booleans.Buffer.ToArray().Select(value => value ? 1.0 : 0)], dimensions.ToArray()),
            _ => ([], []),
        };
        double[] wanted = MemoryMarshal.Cast<byte, double>(expected.to(float64).contiguous().bytes).ToArray();
        if (!expected.shape.SequenceEqual(shape.Select(extent => (long)extent)) || values.Length != wanted.Length)
            return double.PositiveInfinity;
        double largest = 0, difference = 0;
        foreach ((double one, double other) in wanted.Zip(values))
        {
            if (one.Equals(other))
            {
                largest = Math.Max(largest, double.IsFinite(one) ? Math.Abs(one) : 0);
                continue;
            }
            if (!double.IsFinite(one) || !double.IsFinite(other))
                return double.PositiveInfinity;
            (largest, difference) = (Math.Max(largest, Math.Abs(one)), Math.Max(difference, Math.Abs(one - other)));
        }
        return difference == 0 ? 0 : difference / Math.Max(largest, double.Epsilon);
    }

    private static double[] Doubles<T>(Span<T> values)
        where T : unmanaged => [.. values.ToArray().Select(value => Convert.ToDouble(value, System.Globalization.CultureInfo.InvariantCulture))];
}
