using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime.Tensors;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Diagnostics;

namespace Octet.Quantization.Tests.Calibration.Data;

/// <summary>What all tests of sources share: a folder, a log, and a way to open.</summary>
public abstract class SampleSourceTests : IDisposable
{
    private protected TemporaryFolder Temporary { get; } = new();

    private protected DiagnosticLog Log { get; } = new();

    protected string Root => Temporary.Root;

    public void Dispose()
    {
        Temporary.Dispose();
        GC.SuppressFinalize(this);
    }

    protected static ModelInput Input(params long[] dimensions) => Input("x", TensorElementType.Float, dimensions);

    protected static ModelInput Input(string name, TensorElementType type, params long[] dimensions) => new(name, type, [.. dimensions]);

    protected SampleSource Open(ModelInput input, string? preprocessing = null, string? labels = null, int batch = 1, int maximum = 0, params string[] files) =>
        Open([input], preprocessing, labels, batch, maximum, files);

    protected SampleSource Open(
        ImmutableArray<ModelInput> inputs, string? preprocessing = null, string? labels = null, int batch = 1, int maximum = 0, params string[] files) =>
        SampleSource.Open(new SampleSourceOptions(files.Length > 0 ? [.. files] : [Root], inputs, "/models/model.onnx", preprocessing, labels, batch, maximum), Log);

    protected static string Throws(string code, Action action)
    {
        DiagnosticException exception = Assert.Throws<DiagnosticException>(action);
        Assert.Equal(code, exception.Diagnostic.Code);
        return exception.Message;
    }

    protected static List<Sample> ReadAll(SampleSource source) => [.. Enumerable.Range(0, source.Count).Select(source.TryRead).OfType<Sample>()];

    protected static float[] Floats(Sample? sample, int input = 0) => (float[])Assert.IsType<Sample>(sample).Inputs[input].Data;

    protected static long[] Shape(Sample? sample, int input = 0) => [.. Assert.IsType<Sample>(sample).Inputs[input].Shape];
}
