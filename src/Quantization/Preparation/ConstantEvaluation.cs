using System.Buffers;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>Nodes with constant operands as a model of their own, which ONNX Runtime measures (without running it) and then runs.</summary>
internal sealed class ConstantEvaluation
{
    // Constants up to this many elements may be shapes, which inference follows by value; larger ones are lent to ONNX Runtime, not copied.
    private const int SmallConstant = 1024;

    // The values of their further operands decide the extents of the result.
    private static readonly HashSet<string> ShapedByValues = new(StringComparer.Ordinal)
    {
        "Reshape", "Expand", "Tile", "OneHot", "Resize", "Upsample", "Pad", "Slice", "Squeeze", "Unsqueeze", "TopK", "Split", "CenterCropPad", "AffineGrid",
        "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare",
    };

    private readonly List<NodeProto> _nodes;
    private readonly GraphEditor _editor;
    private readonly ModelProto _model;

    /// <summary>Prepares to evaluate nodes of a graph.</summary>
    /// <param name="nodes">In graph order; each reads constants and results of those before it only.</param>
    /// <param name="editor">Their graph.</param>
    /// <param name="model">Its model, for the versions of the operators.</param>
    public ConstantEvaluation(List<NodeProto> nodes, GraphEditor editor, ModelProto model)
    {
        HashSet<string> inside = new(StringComparer.Ordinal);
        _nodes = [];
        foreach (NodeProto node in nodes)
        {
            if (!node.Input.All(value => value.Length == 0 || inside.Contains(value) || editor.Index.Initializer(value) is not null))
                continue;
            _nodes.Add(node);
            inside.UnionWith(node.Output);
        }
        _editor = editor;
        _model = model;
    }

    /// <summary>Whether the tensor's type can be passed to ONNX Runtime and back.</summary>
    public static bool CanHold(TensorProto tensor) => CanHold((TensorProto.Types.DataType)tensor.DataType);

    /// <summary>The nodes whose results have known sizes and pass a test, each with all that it depends on.</summary>
    /// <param name="isAffordable">Takes a node, the bytes of its results, and those of its operands.</param>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime does not take one of the nodes.</exception>
    public List<NodeProto> Select(Func<NodeProto, long, long, bool> isAffordable)
    {
        if (_nodes.Count == 0)
            return [];
        using InferenceSession session = Open(_nodes, [.. _nodes.SelectMany(Results)]);
        Dictionary<string, long> sizes = new(StringComparer.Ordinal);
        List<NodeProto> selected = [];
        foreach (NodeProto node in _nodes)
        {
            long[] operands = [.. node.Input.Where(value => value.Length > 0).Select(value => SizeOf(value, sizes))];
            long[] results = [.. Results(node).Select(value => SizeOf(session.OutputMetadata[value]))];
            if (operands.Contains(-1) || results.Contains(-1) || WaitsForValues(node, sizes) || !isAffordable(node, results.Sum(), operands.Sum()))
                continue;
            selected.Add(node);
            foreach ((string value, long size) in Results(node).Zip(results))
                sizes[value] = size;
        }
        return selected;
    }

    /// <summary>Computes the nodes' results, those only that other nodes read.</summary>
    /// <exception cref="OnnxRuntimeException">One of the nodes fails.</exception>
    public IReadOnlyList<TensorProto> Run(IReadOnlyList<NodeProto> nodes)
    {
        HashSet<NodeProto> inside = new(nodes, ReferenceEqualityComparer.Instance);
        string[] wanted = [.. nodes.SelectMany(Results).Where(value => !_editor.Index.Consumers(value).All(inside.Contains))];
        if (wanted.Length == 0)
            return [];
        using InferenceSession session = Open(nodes, wanted);
        string[] inputs = [.. session.InputNames];
        MemoryHandle[] pinned = [.. inputs.Select(value => _editor.Index.Initializer(value)!.ToBytes().Pin())];
        List<OrtValue> values = [];
        try
        {
            values.AddRange(inputs.Zip(pinned, Lend));
            using RunOptions options = new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
            using IDisposableReadOnlyCollection<OrtValue> results = session.Run(options, inputs, values, wanted);
            return [.. wanted.Zip(results, ToTensor)];
        }
        finally
        {
            values.ForEach(value => value.Dispose());
            foreach (MemoryHandle handle in pinned)
                handle.Dispose();
        }
    }

    private InferenceSession Open(IReadOnlyList<NodeProto> nodes, string[] outputs)
    {
        ModelProto model = new() { IrVersion = _model.IrVersion, Graph = new GraphProto { Name = "constants" } };
        model.OpsetImport.AddRange(_model.OpsetImport);
        model.Graph.Node.AddRange(nodes);
        HashSet<string> inside = new(nodes.SelectMany(node => node.Output), StringComparer.Ordinal);
        foreach (string value in nodes.SelectMany(node => node.Input).Where(value => value.Length > 0 && !inside.Contains(value)).Distinct(StringComparer.Ordinal))
        {
            TensorProto constant = _editor.Index.Initializer(value)!;
            if (constant.ElementCount() <= SmallConstant)
                model.Graph.Initializer.Add(Tensors.CreateRaw(value, (TensorProto.Types.DataType)constant.DataType, constant.Dims, constant.ToBytes().ToArray()));
            else
                model.Graph.Input.Add(InputInfo(value, constant));
        }
        model.Graph.Output.AddRange(outputs.Select(value => new ValueInfoProto { Name = value }));

        using SessionOptions options = new() { GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, IntraOpNumThreads = 1 };
        return new InferenceSession(model.ToByteArray(), options);
    }

    /// <summary>Whether the extents of the result depend on values that are not computed yet: ONNX Runtime does not know its rank then.</summary>
    private bool WaitsForValues(NodeProto node, Dictionary<string, long> computedHere)
    {
        if (node.OpType is "ConstantOfShape" or "Range")
            return node.Input.Any(computedHere.ContainsKey);
        return ShapedByValues.Contains(node.OpType) && node.Input.Skip(1).Any(computedHere.ContainsKey);
    }

    private long SizeOf(string value, Dictionary<string, long> computedHere) =>
        computedHere.TryGetValue(value, out long size) ? size : _editor.Index.Initializer(value)?.ByteCount() ?? -1;

    private static long SizeOf(NodeMetadata metadata)
    {
        if (!metadata.IsTensor || !CanHold((TensorProto.Types.DataType)metadata.ElementDataType) || metadata.Dimensions.Any(extent => extent < 0))
            return -1;
        double size = metadata.Dimensions.Aggregate((double)Tensors.ElementSize((TensorProto.Types.DataType)metadata.ElementDataType)!, (product, extent) => product * extent);
        return size <= Array.MaxLength ? (long)size : -1;
    }

    private static bool CanHold(TensorProto.Types.DataType type) => type is TensorProto.Types.DataType.Float or TensorProto.Types.DataType.Double or TensorProto.Types.DataType.Float16
        or TensorProto.Types.DataType.Bfloat16 or TensorProto.Types.DataType.Int8 or TensorProto.Types.DataType.Int16 or TensorProto.Types.DataType.Int32 or TensorProto.Types.DataType.Int64
        or TensorProto.Types.DataType.Uint8 or TensorProto.Types.DataType.Uint16 or TensorProto.Types.DataType.Uint32 or TensorProto.Types.DataType.Uint64 or TensorProto.Types.DataType.Bool;

    private unsafe OrtValue Lend(string value, MemoryHandle memory)
    {
        TensorProto constant = _editor.Index.Initializer(value)!;
        return OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, (TensorElementType)constant.DataType, [.. constant.Dims], (nint)memory.Pointer, constant.ByteCount());
    }

    private static TensorProto ToTensor(string name, OrtValue value)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        return Tensors.CreateRaw(name, (TensorProto.Types.DataType)info.ElementDataType, info.Shape, value.GetTensorMutableRawData().ToArray());
    }

    private static ValueInfoProto InputInfo(string name, TensorProto tensor)
    {
        TypeProto.Types.Tensor type = new() { ElemType = tensor.DataType, Shape = new TensorShapeProto() };
        type.Shape.Dim.AddRange(tensor.Dims.Select(extent => new TensorShapeProto.Types.Dimension { DimValue = extent }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = type } };
    }

    private static IEnumerable<string> Results(NodeProto node) => node.Output.Where(value => value.Length > 0);
}
