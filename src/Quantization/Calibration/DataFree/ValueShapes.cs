using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Calibration.DataFree;

/// <summary>The extents that a graph says its values have.</summary>
internal sealed class ValueShapes
{
    private readonly Dictionary<string, long[]> _extents = new(StringComparer.Ordinal);
    private readonly GraphIndex _index;

    /// <summary>Reads a graph.</summary>
    public ValueShapes(GraphProto graph, GraphIndex index)
    {
        _index = index;
        foreach (ValueInfoProto info in graph.Input.Concat(graph.ValueInfo).Concat(graph.Output))
            if (info.Type?.TensorType?.Shape is { } shape)
                _extents[info.Name] = [.. shape.Dim.Select(extent => extent.HasDimValue ? extent.DimValue : -1)];
    }

    /// <summary>A value's extents, negative where unknown; null where not even their number is known.</summary>
    public long[]? Of(string value) => _index.Initializer(value) is { } tensor ? [.. tensor.Dims] : _extents.GetValueOrDefault(value);
}
