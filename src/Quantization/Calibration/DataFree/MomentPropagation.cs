using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Calibration.DataFree;

/// <summary>Carries moments through one graph, node after node.</summary>
internal sealed class MomentPropagation
{
    private readonly GraphProto _graph;
    private readonly GraphIndex _index;
    private readonly DataFreeOptions _options;
    private readonly ValueShapes _shapes;
    private readonly Dictionary<string, NormalizationStatistics> _readByNormalization = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ChannelMoments> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _layers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _readersLeft = new(StringComparer.Ordinal);

    public MomentPropagation(GraphProto graph, DataFreeOptions options)
    {
        _graph = graph;
        _index = new GraphIndex(graph);
        _options = options;
        _shapes = new ValueShapes(graph, _index);
    }

    /// <summary>The ranges that were found.</summary>
    public Dictionary<string, ActivationRange> Ranges { get; } = new(StringComparer.Ordinal);

    /// <summary>Why the other values have none.</summary>
    public Dictionary<string, string> Reasons { get; } = new(StringComparer.Ordinal);

    /// <summary>What is known of a value that no node reads, or of an input.</summary>
    public ChannelMoments? Of(string value) => _known.GetValueOrDefault(value);

    /// <summary>Goes over the graph.</summary>
    public void Run()
    {
        foreach (NodeProto node in _graph.Node)
            if (NormalizationStatistics.Of(node, _index) is { } statistics)
                _readByNormalization.TryAdd(node.Input[0], statistics);
        if (_readByNormalization.Count == 0)
        {
            foreach (string value in _graph.Input.Select(input => input.Name).Concat(_graph.Node.SelectMany(node => node.Output)).Where(value => value.Length > 0))
                Reasons[value] = "the model has no BatchNormalization with its statistics (its exporter may have folded them into the weights)";
            return;
        }

        foreach (ValueInfoProto input in _graph.Input.Where(input => _index.Initializer(input.Name) is null))
            Record(input.Name, Assumed(input), 0, "it is an input of which nothing is known");
        foreach (NodeProto node in _graph.Node)
        {
            NodeMoments moments = new(node, _index, _shapes, _options.Deviations, value => _known.GetValueOrDefault(value));
            for (int i = 0; i < node.Output.Count; i++)
                if (node.Output[i].Length > 0)
                    Record(node.Output[i], moments.Output(i), LayersBehindStatistics(node), ReasonNone(node));
            Forget(node);
        }
    }

    private ChannelMoments? Assumed(ValueInfoProto input)
    {
        if (input.Type?.TensorType?.ElemType is not (int)TensorProto.Types.DataType.Float)
            return null;
        return (_options.Inputs.GetValueOrDefault(input.Name) ?? _options.OtherInputs) is { } assumed
            ? ChannelMoments.Single(new Moments(assumed.Mean, assumed.Deviation * assumed.Deviation, new Interval(assumed.Low, assumed.High), Interval.All))
            : null;
    }

    private void Record(string value, ChannelMoments? moments, int layers, string reason)
    {
        // What a BatchNormalization has seen of its input is better than what was carried to it. An input keeps what was said of it.
        if (_readByNormalization.TryGetValue(value, out NormalizationStatistics? statistics) && !(_options.Inputs.ContainsKey(value) && moments is not null))
            (moments, layers) = (statistics.Input(moments, _options.Deviations), 0);
        if (moments is null || layers > _options.MaxLayers)
        {
            Reasons[value] = moments is null ? reason : $"it depends on '{value}', more than {_options.MaxLayers} layers behind the last BatchNormalization";
            return;
        }
        ActivationRange range = new((float)moments.Range.Low, (float)moments.Range.High);
        if (!range.IsUsable)
        {
            Reasons[value] = "its range is not finite";
            return;
        }
        Ranges[value] = range;
        _known[value] = moments;
        _layers[value] = layers;
    }

    /// <summary>The layers with weights since the last statistics, on the longest way to the node's results.</summary>
    private int LayersBehindStatistics(NodeProto node) =>
        NormalizationStatistics.Of(node, _index) is not null ? 0
        : node.Input.Select(input => _layers.GetValueOrDefault(input)).DefaultIfEmpty().Max() + (node.OpType is "Conv" or "ConvTranspose" or "Gemm" or "MatMul" ? 1 : 0);

    /// <summary>The first reason on the way: what is behind it inherits it.</summary>
    private string ReasonNone(NodeProto node) =>
        node.Input.Where(input => input.Length > 0 && Reasons.ContainsKey(input)).Select(input => Reasons[input]).FirstOrDefault()
        ?? $"it depends on the {node.OpType} '{node.DisplayName()}', through which moments cannot be carried";

    /// <summary>Drops the curves that no later node reads: they are much larger than the rest.</summary>
    private void Forget(NodeProto node)
    {
        foreach (string input in node.Input.Where(_known.ContainsKey).Distinct(StringComparer.Ordinal))
        {
            int left = _readersLeft.GetValueOrDefault(input, _index.Consumers(input).Count) - 1;
            _readersLeft[input] = left;
            if (left == 0)
                _known.Remove(input);
        }
    }
}
