using System.Globalization;
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
            RecordInput(input);
        foreach (NodeProto node in _graph.Node)
        {
            NodeMoments moments = new(node, _index, _shapes, _options.Deviations, value => _known.GetValueOrDefault(value));
            for (int i = 0; i < node.Output.Count; i++)
                if (node.Output[i].Length > 0)
                    Record(node.Output[i], moments.Output(i), LayersBehindStatistics(node), ReasonNone(node));
            Forget(node);
        }
    }

    private void RecordInput(ValueInfoProto input)
    {
        bool isFloat = input.Type?.TensorType?.ElemType is (int)TensorProto.Types.DataType.Float;
        bool isSaid = _options.Inputs.TryGetValue(input.Name, out AssumedInput? assumed);
        assumed ??= _options.OtherInputs;
        if (!isFloat || assumed is null)
        {
            Record(input.Name, null, 0, "it is an input of which nothing is known");
            return;
        }
        double seen = isSaid ? 0 : SmallestMagnitude(input.Name);
        Interval range = new(assumed.Low, assumed.High);
        if (seen > Math.Max(Math.Abs(range.Low), Math.Abs(range.High)))
            Record(input.Name, null, 0, string.Create(CultureInfo.InvariantCulture, $"it is an input that is not normalized: the BatchNormalization behind it has seen values of {seen:F0} and more"));
        else
            Record(input.Name, ChannelMoments.Single(new Moments(assumed.Mean, assumed.Deviation * assumed.Deviation, range, Interval.All)), 0, "");
    }

    /// <summary>
    /// The least root mean square that an input must have had in training, from the statistics behind the Convs that read it: by Minkowski's inequality
    /// rms(y - b) is at most sum |w| times the largest rms of an x.
    /// </summary>
    private double SmallestMagnitude(string input)
    {
        double largest = 0;
        foreach (NodeProto conv in _index.Consumers(input).Where(node => node.Is("Conv") && node.Input[0] == input))
        {
            bool hasUnknownBias = conv.InputAt(2).Length > 0 && _index.Initializer(conv.Input[2]) is null;
            if (hasUnknownBias || !_readByNormalization.TryGetValue(conv.Output[0], out NormalizationStatistics? statistics) || _index.Initializer(conv.InputAt(1)) is not { Dims.Count: > 2 } weights || weights.Dims[0] != statistics.Mean.Length)
                continue;
            float[]? bias = _index.Initializer(conv.InputAt(2))?.ToFloats();
            float[][] filters = [.. weights.ToFloats().Chunk(weights.ElementCount() / statistics.Mean.Length)];
            for (int c = 0; c < filters.Length; c++)
            {
                double mean = statistics.Mean[c] - (bias?[c] ?? 0), sum = filters[c].Sum(weight => Math.Abs((double)weight));
                if (sum > 0)
                    largest = Math.Max(largest, Math.Sqrt(statistics.Variance[c] + mean * mean) / sum);
            }
        }
        return largest;
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
