using System.Collections.Immutable;
using System.Security.Cryptography;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Torch.Tracing;
using TorchSharp;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Torch.Conversion;

/// <summary>The graph that is being written: which name each value of the trace has in it.</summary>
internal sealed class GraphWriter
{
    private readonly GraphProto _graph;
    private readonly UniqueNames _names;
    private readonly Dictionary<int, string> _values = [];
    private readonly Dictionary<(torch.ScalarType, string), string> _constants = [];
    private readonly Dictionary<(string, torch.ScalarType), string> _casts = [];
    private readonly Dictionary<string, string> _shapes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _initializers = new(StringComparer.Ordinal);
    private readonly string? _batchInput;
    private string? _batch;

    /// <summary>Begins a graph.</summary>
    /// <param name="graph">What is written into.</param>
    /// <param name="names">Gives names; those of state and outputs are taken already.</param>
    /// <param name="inputs">The graph's inputs.</param>
    /// <param name="opset">The version of the standard operators.</param>
    public GraphWriter(GraphProto graph, UniqueNames names, IEnumerable<TracedTensor> inputs, long opset)
    {
        Opset = opset;
        _graph = graph;
        _names = names;
        foreach (TracedTensor input in inputs)
        {
            _values[input.Id] = input.Name;
            if (_batchInput is null && input.Shape is [{ IsFixed: false, Factor: 1, Offset: 0 }, ..])
                _batchInput = input.Name;
        }
    }

    /// <summary>The version of the standard operators that is written.</summary>
    public long Opset { get; }

    /// <summary>Enters the value that a call made of a tensor.</summary>
    public void Set(TracedTensor tensor, string value) => _values[tensor.Id] = value;

    /// <summary>The tensor's name in the graph. Parameters and constants become initializers when they are first asked for.</summary>
    /// <exception cref="NotSupportedException">ONNX does not have its element type.</exception>
    public string Value(TracedTensor tensor)
    {
        if (_values.TryGetValue(tensor.Id, out string? known))
            return known;
        if (tensor.Origin is not (TensorOrigin.State or TensorOrigin.Constant))
            throw new NotSupportedException("it uses a result of another call that has no counterpart in ONNX");
        string name;
        if (tensor.Origin == TensorOrigin.State)
        {
            name = tensor.Name;
            Initializer(name, tensor.ElementType, [.. tensor.Shape.Select(extent => extent.First)], tensor.Data);
        }
        else
        {
            name = Constant(tensor.ElementType, [.. tensor.Shape.Select(extent => extent.IsFixed ? extent.First : 1)], tensor.Data);
            if (tensor.Shape.Any(extent => !extent.IsFixed))
                name = Add("", "Expand", [name, Shape(tensor.Shape)]);
        }
        return _values[tensor.Id] = name;
    }

    /// <summary>The tensor with another element type.</summary>
    public string Cast(string value, torch.ScalarType from, torch.ScalarType to)
    {
        if (from == to)
            return value;
        if (!_casts.TryGetValue((value, to), out string? cast))
            _casts[(value, to)] = cast = Add("", "Cast", [value], 1, [Nodes.Attribute("to", (long)OnnxType(to))])[0];
        return cast;
    }

    /// <summary>A constant; equal ones are one initializer.</summary>
    public string Constant(torch.ScalarType type, ImmutableArray<long> dims, ReadOnlyMemory<byte> bytes)
    {
        (torch.ScalarType, string) key = (type, $"{string.Join(",", dims)}:{Convert.ToHexString(SHA256.HashData(bytes.Span))}");
        if (!_constants.TryGetValue(key, out string? name))
        {
            _constants[key] = name = _names.Fresh("constant");
            Initializer(name, type, dims, bytes);
        }
        return name;
    }

    /// <summary>A one-dimensional int64 value with these extents, calculated from the batch size where they depend on it.</summary>
    public string Shape(ImmutableArray<Extent> shape)
    {
        if (shape.All(extent => extent.IsFixed))
            return Integers([.. shape.Select(extent => extent.First)]);
        string key = string.Join(",", shape);
        if (_shapes.TryGetValue(key, out string? known))
            return known;
        List<string> parts = [];
        for (int i = 0; i < shape.Length; i++)
        {
            if (!shape[i].IsFixed)
            {
                string part = Batch();
                if (shape[i].Factor != 1)
                    part = Add("", "Mul", [part, Integers([shape[i].Factor])]);
                if (shape[i].Offset != 0)
                    part = Add("", "Add", [part, Integers([shape[i].Offset])]);
                parts.Add(part);
                continue;
            }
            int end = i;
            while (end < shape.Length && shape[end].IsFixed)
                end++;
            parts.Add(Integers([.. shape[i..end].Select(extent => extent.First)]));
            i = end - 1;
        }
        return _shapes[key] = parts.Count == 1 ? parts[0] : Add("", "Concat", parts, 1, [Nodes.Attribute("axis", 0L)])[0];
    }

    /// <summary>A one-dimensional int64 constant.</summary>
    public string Integers(ReadOnlySpan<long> values) =>
        Constant(torch.ScalarType.Int64, [values.Length], System.Runtime.InteropServices.MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>Writes a node of one output and returns the output's name.</summary>
    public string Add(string scope, string operation, IReadOnlyList<string> inputs) => Add(scope, operation, inputs, 1, [])[0];

    /// <summary>Writes a node and returns its outputs' names.</summary>
    public ImmutableArray<string> Add(string scope, string operation, IReadOnlyList<string> inputs, int outputs, ReadOnlySpan<AttributeProto> attributes)
    {
        string name = _names.Fresh(scope.Length == 0 ? operation : $"{scope}/{operation}");
        ImmutableArray<string> results = outputs == 1 ? [_names.Fresh($"{name}_output")] : [.. Enumerable.Range(0, outputs).Select(i => _names.Fresh($"{name}_output_{i}"))];
        _graph.Node.Add(Nodes.Create(operation, name, inputs, results, [.. attributes]));
        return results;
    }

    /// <summary>The ONNX type of an element type.</summary>
    /// <exception cref="NotSupportedException">There is none.</exception>
    public static DataType OnnxType(torch.ScalarType type) => type.ToOnnx() ?? throw new NotSupportedException($"ONNX has no element type {type}");

    private string Batch()
    {
        if (_batchInput is null)
            throw new NotSupportedException("the batch size is in no input's first extent");
        return _batch ??= Add("", "Shape", [_batchInput], 1, [Nodes.Attribute("start", 0L), Nodes.Attribute("end", 1L)])[0];
    }

    private void Initializer(string name, torch.ScalarType type, ImmutableArray<long> dims, ReadOnlyMemory<byte> bytes)
    {
        if (_initializers.Add(name))
            _graph.Initializer.Add(Tensors.CreateRaw(name, OnnxType(type), dims, bytes.ToArray()));
    }
}
