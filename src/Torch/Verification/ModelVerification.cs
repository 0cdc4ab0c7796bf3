using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Diagnostics;
using Octet.Torch.Conversion;
using Octet.Torch.Export;
using TorchSharp;

namespace Octet.Torch.Verification;

/// <summary>
/// Runs the exported model on ONNX Runtime and the module on TorchSharp, with inputs that were not traced, at batch sizes that were and others that were not. It is what finds a decision that
/// was made by the traced values: nothing in the trace shows it.
/// </summary>
internal static class ModelVerification
{
    /// <summary>
    /// The largest error that rounding explains, relative to the largest magnitude of the output. Two correct implementations in float32 (unit roundoff 6e-8) differ by the order of their sums: by
    /// below 1e-6 for networks of a hundred layers. A wrong graph is off by many orders more.
    /// </summary>
    public const double Bound = 1e-5;

    /// <summary>
    /// The same where the model rounds values to 8 bits: one that lies at the middle between two integers may go to either, and moves all behind it by a step of 1/255 of its range.
    /// </summary>
    public const double RoundingBound = 0.05;

    private static readonly ImmutableArray<long> Batches = [1, 2, 3, 5];

    // Where values were read, other ranges of inputs may lead elsewhere.
    private static readonly ImmutableArray<(double Scale, double Mean)> OtherRanges = [(1, 3), (1, -3), (10, 0), (0.1, 0.5), (0.1, -0.5), (0, 0)];

    /// <summary>Compares.</summary>
    /// <param name="model">The exported model's bytes.</param>
    /// <param name="rounds">Whether it rounds values to integers.</param>
    /// <param name="inputs">The inputs.</param>
    /// <param name="fixedBatch">Whether the batch stays that of the inputs' extents.</param>
    /// <param name="outputNames">The outputs' names.</param>
    /// <param name="forward">Runs the module.</param>
    /// <param name="reads">Where values were read into C#.</param>
    /// <returns>The errors that were found, all within the bound.</returns>
    /// <exception cref="DiagnosticException">OCT2005: ONNX Runtime does not take the model. OCT2117: the module's outputs are not finite. OCT2112: the module does not take a batch size. OCT2113: an output differs.</exception>
    public static ImmutableArray<OutputError> Run(byte[] model, bool rounds, ImmutableArray<ModelInput> inputs, bool fixedBatch, ImmutableArray<string> outputNames,
        Func<IReadOnlyList<torch.Tensor>, IReadOnlyList<torch.Tensor>> forward, ImmutableArray<string> reads)
    {
        double bound = rounds ? RoundingBound : Bound;
        // Integer kernels would round more than the module does: biases.
        using SessionOptions options = new()
        {
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
            GraphOptimizationLevel = rounds ? GraphOptimizationLevel.ORT_DISABLE_ALL : GraphOptimizationLevel.ORT_ENABLE_ALL,
        };
        using InferenceSession session = Guarded(() => new InferenceSession(model, options));
        ImmutableArray<OutputError>.Builder errors = ImmutableArray.CreateBuilder<OutputError>();
        IEnumerable<Round> series = fixedBatch ? [new Round(inputs[0].Dimensions.FirstOrDefault(1)), new Round(inputs[0].Dimensions.FirstOrDefault(1))] : Batches.Select(batch => new Round(batch));
        if (reads.Length > 0)
            series = series.Concat(OtherRanges.Select(range => new Round(fixedBatch ? inputs[0].Dimensions.FirstOrDefault(1) : Batches[1], range.Scale, range.Mean)));
        int seed = 0;
        foreach ((long batch, double scale, double mean) in series)
        {
            Random random = new(++seed);
            torch.Tensor[] tensors = [.. inputs.Select(input => input.Make(fixedBatch ? null : batch, random, scale, mean))];
            // The module may write into its inputs: it comes second.
            using IDisposableReadOnlyCollection<OrtValue> actual = Guarded(() => Run(session, inputs, tensors, outputNames));
            IReadOnlyList<torch.Tensor> expected = Forward(forward, tensors, batch);
            for (int i = 0; i < outputNames.Length; i++)
            {
                double error = Error(expected[i], actual[i], outputNames[i]);
                if (!(error <= bound))
                    throw DiagnosticCatalog.Exception("OCT2113", null, outputNames[i], double.IsFinite(error) ? FormattableString.Invariant($"{error:0.0e0}") : "the whole", batch, FormattableString.Invariant($"{bound:0e0}"), Causes(reads));
                errors.Add(new OutputError(batch, outputNames[i], error));
            }
            foreach (torch.Tensor tensor in tensors)
                tensor.Dispose();
        }
        return errors.ToImmutable();
    }

    private static string Causes(ImmutableArray<string> reads) => reads.Length > 0
        ? $"Values were read into C# ({string.Join(", ", reads)}): a decision by them is not in the exported model."
        : "A decision in forward by the values of a tensor, which the trace cannot show, is the likely cause; otherwise a defect of Octet.";

    private static IReadOnlyList<torch.Tensor> Forward(Func<IReadOnlyList<torch.Tensor>, IReadOnlyList<torch.Tensor>> forward, torch.Tensor[] inputs, long batch)
    {
        try
        {
            return forward(inputs);
        }
        catch (Exception exception) when (exception is not DiagnosticException)
        {
            throw new DiagnosticException(DiagnosticCatalog.Create("OCT2112", null, $"at batch {batch} forward throws {exception.GetType().Name}: {ModuleConstruction.FirstLine(exception.Message)}"), exception);
        }
    }

    private static T Guarded<T>(Func<T> run)
    {
        try
        {
            return run();
        }
        catch (OnnxRuntimeException exception)
        {
            throw new DiagnosticException(DiagnosticCatalog.Create("OCT2005", null, OrtEnv.Instance().GetVersionString(), ModuleConstruction.FirstLine(exception.Message)), exception);
        }
    }

    private static IDisposableReadOnlyCollection<OrtValue> Run(InferenceSession session, ImmutableArray<ModelInput> inputs, torch.Tensor[] tensors, ImmutableArray<string> outputs)
    {
        List<OrtValue> values = [];
        try
        {
            foreach (torch.Tensor tensor in tensors)
            {
                OrtValue value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, (Microsoft.ML.OnnxRuntime.Tensors.TensorElementType)(int)GraphWriter.OnnxType(tensor.dtype), tensor.shape);
                values.Add(value);
                tensor.bytes.CopyTo(value.GetTensorMutableRawData());
            }
            using RunOptions run = new();
            // An input that nothing depends on is still one of the model.
            return session.Run(run, [.. inputs.Select(input => input.Name)], values, outputs);
        }
        finally
        {
            foreach (OrtValue value in values)
                value.Dispose();
        }
    }

    // Infinity where the shapes or types differ.
    private static double Error(torch.Tensor expected, OrtValue actual, string output)
    {
        OrtTensorTypeAndShapeInfo info = actual.GetTensorTypeAndShape();
        if (!info.Shape.SequenceEqual(expected.shape) || (int)info.ElementDataType != (int)GraphWriter.OnnxType(expected.dtype))
            return double.PositiveInfinity;
        using torch.Tensor contiguous = expected.contiguous();
        double[] wanted = Numbers(contiguous.bytes, expected.dtype);
        if (wanted.Length > 0 && !wanted.Any(double.IsFinite))
            throw DiagnosticCatalog.Exception("OCT2117", null, $"its output '{output}' has no finite value, so that nothing could be verified; are its weights trained?");
        double[] got = Numbers(actual.GetTensorMutableRawData(), expected.dtype);
        double largest = wanted.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max();
        double difference = wanted.Zip(got, (one, other) => one.Equals(other) ? 0 : double.IsFinite(one) && double.IsFinite(other) ? Math.Abs(one - other) : double.PositiveInfinity).DefaultIfEmpty(0).Max();
        return difference == 0 ? 0 : largest == 0 ? difference : difference / largest;
    }

    private static double[] Numbers(ReadOnlySpan<byte> bytes, torch.ScalarType type)
    {
        static double[] Convert<T>(ReadOnlySpan<byte> bytes, Func<T, double> convert)
            where T : unmanaged
        {
            ReadOnlySpan<T> values = MemoryMarshal.Cast<byte, T>(bytes);
            double[] numbers = new double[values.Length];
            for (int i = 0; i < numbers.Length; i++)
                numbers[i] = convert(values[i]);
            return numbers;
        }

        return type switch
        {
            torch.ScalarType.Float32 => Convert<float>(bytes, value => value),
            torch.ScalarType.Float64 => Convert<double>(bytes, value => value),
            torch.ScalarType.Float16 => Convert<Half>(bytes, value => (double)value),
            torch.ScalarType.BFloat16 => Convert<ushort>(bytes, value => BitConverter.UInt32BitsToSingle((uint)value << 16)),
            torch.ScalarType.Int64 => Convert<long>(bytes, value => value),
            torch.ScalarType.Int32 => Convert<int>(bytes, value => value),
            torch.ScalarType.Int16 => Convert<short>(bytes, value => value),
            torch.ScalarType.Int8 => Convert<sbyte>(bytes, value => value),
            _ => Convert<byte>(bytes, value => value),
        };
    }

    private readonly record struct Round(long Batch, double Scale = 1, double Mean = 0);
}
