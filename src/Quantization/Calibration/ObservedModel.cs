using System.Buffers;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Calibration;

/// <summary>
/// A model loaded with inner values as its outputs. ONNX Runtime reads the large weights where they lie in managed memory, so that they exist
/// once; the file beside the model is there for the optimizations that want to look at a weight. Thread-safe.
/// </summary>
internal sealed class ObservedModel : IDisposable
{
    private const int SmallestSharedBytes = 4096;

    private readonly IReadOnlyList<string> _outputs;
    private readonly string _path;
    private readonly string _weightsPath;
    private readonly List<MemoryHandle> _pins = [];
    private readonly List<OrtValue> _weights = [];
    private readonly InferenceSession _session;

    /// <summary>Loads the model, to be run on one thread a call.</summary>
    /// <param name="model">The model, which must stay alive and unchanged.</param>
    /// <param name="tensors">Its values, those of subgraphs included (<see cref="ObservedValues.Expose"/>).</param>
    /// <param name="scratch">A folder for two files, which are gone after disposal.</param>
    /// <exception cref="OnnxRuntimeException">The model does not load.</exception>
    public ObservedModel(ModelProto model, IReadOnlyList<string> tensors, string scratch)
    {
        _path = Path.Combine(scratch, $"calibration-{Guid.NewGuid():N}.onnx");
        _weightsPath = Path.ChangeExtension(_path, ".weights");
        try
        {
            using SessionOptions options = new()
            {
                IntraOpNumThreads = 1,
                // The layout optimizer beyond this level keeps a second copy of every weight, and gains nothing where every value is read back.
                GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
                LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            };
            (ModelProto observed, _outputs) = ObservedValues.Expose(model, tensors);
            ShareWeights(observed.Graph, options);
            OnnxFile.Write(observed, _path);
            _session = new InferenceSession(_path, options);
        }
        catch
        {
            Release();
            throw;
        }
    }

    /// <summary>Runs one sample and hands each value to <paramref name="take"/>, by its position among the tensors; it is released afterwards.</summary>
    public void Run(IReadOnlyList<NamedTensor> inputs, Action<int, OrtValue> take)
    {
        using RunOptions runOptions = new();
        OrtValue[] values = [.. inputs.Select(input => input.ToOrtValue())];
        try
        {
            using IDisposableReadOnlyCollection<OrtValue> outputs = _session.Run(runOptions, [.. inputs.Select(input => input.Name)], values, _outputs);
            for (int i = 0; i < _outputs.Count; i++)
            {
                using OrtValue output = outputs[i];
                take(i, output);
            }
        }
        finally
        {
            foreach (OrtValue value in values)
                value.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _session.Dispose();
        Release();
    }

    private void ShareWeights(GraphProto graph, SessionOptions options)
    {
        // An initializer that is an input as well can be overridden by a caller, and ONNX Runtime shares constants only.
        HashSet<string> inputs = [.. graph.Input.Select(input => input.Name)];
        AtomicFile.Write(_weightsPath, stream =>
        {
            foreach (TensorProto tensor in graph.Initializer)
                if (tensor.DataType == (int)DataType.Float && tensor.RawData.Length >= SmallestSharedBytes && !inputs.Contains(tensor.Name))
                    Share(tensor, options, stream);
        });
    }

    private unsafe void Share(TensorProto tensor, SessionOptions options, Stream file)
    {
        ReadOnlyMemory<byte> bytes = tensor.RawData.Memory;
        MemoryHandle pin = bytes.Pin();
        _pins.Add(pin);
        OrtValue value = OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, TensorElementType.Float, [.. tensor.Dims], (IntPtr)pin.Pointer, bytes.Length);
        _weights.Add(value);
        options.AddInitializer(tensor.Name, value);

        tensor.ClearRawData();
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = Path.GetFileName(_weightsPath) });
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = file.Position.ToString(CultureInfo.InvariantCulture) });
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = bytes.Length.ToString(CultureInfo.InvariantCulture) });
        file.Write(bytes.Span);
    }

    private void Release()
    {
        foreach (OrtValue value in _weights)
            value.Dispose();
        foreach (MemoryHandle pin in _pins)
            pin.Dispose();
        File.Delete(_path);
        File.Delete(_weightsPath);
    }
}
