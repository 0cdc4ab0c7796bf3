using System.Collections.Immutable;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Measurement;

/// <summary>Where the time of one run of a variant goes, told in the names of the float model that it was made from. All times in microseconds.</summary>
/// <param name="Nodes">By node of the float model: its own kernel and what else ONNX Runtime made of it, layout changes behind it included.</param>
/// <param name="Quantize">By value of the float model: its conversion to 8 bits, layout changes around it included.</param>
/// <param name="Dequantize">By value of the float model: its conversion back, layout changes around it included.</param>
/// <param name="Operators">By operator that ONNX Runtime ran.</param>
/// <param name="Elements">The number of elements of values of the float model, as far as the nodes that ran show it.</param>
/// <param name="Unattributed">What belongs to no node of the float model.</param>
public sealed record NodeProfile(
    ImmutableDictionary<string, double> Nodes,
    ImmutableDictionary<string, double> Quantize,
    ImmutableDictionary<string, double> Dequantize,
    ImmutableDictionary<string, double> Operators,
    ImmutableDictionary<string, long> Elements,
    double Unattributed)
{
    /// <summary>The sum over all nodes that ran.</summary>
    public double Total => Nodes.Values.Sum() + ConversionTime + Unattributed;

    /// <summary>The time of all conversions.</summary>
    public double ConversionTime => Quantize.Values.Sum() + Dequantize.Values.Sum();

    /// <summary>The part of the time that goes into conversions, 0 to 1.</summary>
    public double ConversionShare => Total > 0 ? ConversionTime / Total : 0;

    /// <summary>The same with every time multiplied.</summary>
    public NodeProfile Scaled(double factor) => new(Scaled(Nodes, factor), Scaled(Quantize, factor), Scaled(Dequantize, factor), Scaled(Operators, factor), Elements, Unattributed * factor);

    /// <summary>Finds out what each node that ran belongs to.</summary>
    /// <param name="prepared">The float model whose names are told.</param>
    /// <param name="optimized">The graph that ran.</param>
    /// <param name="ran">Its nodes' times.</param>
    public static NodeProfile Of(ModelProto prepared, ModelProto optimized, IReadOnlyList<ProfiledNode> ran)
    {
        Attribution attribution = new(prepared, optimized, ran);
        Dictionary<Owner, double> times = [];
        Dictionary<string, double> operators = new(StringComparer.Ordinal);
        Dictionary<string, long> elements = new(StringComparer.Ordinal);
        foreach (ProfiledNode node in ran)
        {
            double time = Middle(node.Microseconds);
            Owner owner = attribution.OwnerOf(node.Name);
            times[owner] = times.GetValueOrDefault(owner) + time;
            operators[node.Operator] = operators.GetValueOrDefault(node.Operator) + time;
            foreach (string value in attribution.ResultsOf(node.Name, owner))
                elements.TryAdd(value, node.Elements);
        }
        return new NodeProfile(Of(OwnerKind.Node), Of(OwnerKind.Quantize), Of(OwnerKind.Dequantize), operators.ToImmutableDictionary(StringComparer.Ordinal), elements.ToImmutableDictionary(StringComparer.Ordinal), Of(OwnerKind.None).Values.Sum());

        ImmutableDictionary<string, double> Of(OwnerKind kind) => times.Where(pair => pair.Key.Kind == kind).ToImmutableDictionary(pair => pair.Key.Name, pair => pair.Value, StringComparer.Ordinal);
    }

    private static ImmutableDictionary<string, double> Scaled(ImmutableDictionary<string, double> times, double factor) =>
        times.ToImmutableDictionary(pair => pair.Key, pair => pair.Value * factor, StringComparer.Ordinal);

    // The mean of the middle half: as deaf to interruptions as the median, and finer than the profiler's whole microseconds.
    private static double Middle(ImmutableArray<double> times)
    {
        double[] sorted = [.. times.Order()];
        int cut = sorted.Length / 4;
        return sorted.Length == 0 ? 0 : sorted[cut..(sorted.Length - cut)].Average();
    }

    private enum OwnerKind
    {
        None,
        Node,
        Quantize,
        Dequantize,
    }

    private readonly record struct Owner(OwnerKind Kind, string Name)
    {
        public static Owner None { get; } = new(OwnerKind.None, "");

        public bool IsConversion => Kind is OwnerKind.Quantize or OwnerKind.Dequantize;
    }

    /// <summary>From the nodes of the optimized graph to those of the float model: by name, by result, or else by neighbour.</summary>
    private sealed class Attribution
    {
        private static readonly HashSet<string> Layouts = new(StringComparer.Ordinal) { "Transpose", "ReorderInput", "ReorderOutput", "Reshape", "Squeeze", "Unsqueeze", "Cast", "ByteTranspose" };

        private readonly HashSet<string> _nodes;
        private readonly Dictionary<string, string> _producers = new(StringComparer.Ordinal);
        private readonly HashSet<string> _values;
        private readonly Dictionary<string, NodeProto> _ran = new(StringComparer.Ordinal);
        private readonly Dictionary<string, NodeProto> _computes = new(StringComparer.Ordinal);
        private readonly Dictionary<string, List<NodeProto>> _reads = new(StringComparer.Ordinal);
        private readonly Dictionary<NodeProto, string> _names = new(ReferenceEqualityComparer.Instance);
        private readonly Dictionary<string, Owner> _owners = new(StringComparer.Ordinal);

        public Attribution(ModelProto prepared, ModelProto optimized, IReadOnlyList<ProfiledNode> ran)
        {
            NodeProto[] nodes = [.. prepared.Graph.WithSubgraphs().SelectMany(graph => graph.Node)];
            _nodes = new HashSet<string>(nodes.Select(node => node.Name), StringComparer.Ordinal);
            foreach (NodeProto node in nodes)
                foreach (string output in node.Output)
                    _producers[output] = node.Name;
            _values = [.. _producers.Keys, .. prepared.Graph.WithSubgraphs().SelectMany(graph => graph.Input).Select(input => input.Name)];
            NodeProto[] left = [.. optimized.Graph.WithSubgraphs().SelectMany(graph => graph.Node)];
            Name(left, ran);
            foreach (NodeProto node in left)
            {
                _ran[NameOf(node)] = node;
                foreach (string output in node.Output)
                    _computes[output] = node;
                foreach (string input in node.Input)
                    (_reads.TryGetValue(input, out List<NodeProto>? readers) ? readers : _reads[input] = []).Add(node);
            }
        }

        public Owner OwnerOf(string name)
        {
            if (_owners.TryGetValue(name, out Owner known))
                return known;
            // A circle of nodes that know nothing belongs to nobody.
            _owners[name] = Owner.None;
            return _owners[name] = _ran.TryGetValue(name, out NodeProto? node) ? Find(node) : Named(name);
        }

        /// <summary>The values of the float model that a node's first result is.</summary>
        public IEnumerable<string> ResultsOf(string name, Owner owner)
        {
            if (owner.IsConversion)
                return [owner.Name];
            if (_ran.TryGetValue(name, out NodeProto? node) && node.Output.Count > 0 && _producers.ContainsKey(node.Output[0]))
                return [node.Output[0]];
            // A blocked convolution is named after its result.
            return OptimizedNames.Original(name) is { } original && _producers.ContainsKey(original) ? [original] : [];
        }

        private Owner Find(NodeProto node)
        {
            if (ConversionOf(node) is { } conversion)
                return conversion;
            if (Named(NameOf(node)) is { Kind: OwnerKind.Node } named)
                return named;
            if (node.Output.FirstOrDefault(_producers.ContainsKey) is { } result)
                return new Owner(OwnerKind.Node, _producers[result]);

            Owner[] after = [.. node.Output.SelectMany(output => _reads.GetValueOrDefault(output) ?? []).Select(reader => OwnerOf(NameOf(reader)))];
            Owner[] before = [.. node.Input.Where(_computes.ContainsKey).Select(input => OwnerOf(NameOf(_computes[input])))];
            // A layout changes because kernels of two kinds meet: it falls where the conversion does, or behind the node that left its result so.
            // What is quantized was computed by the node whose value it is, be it spelled out in several.
            if (!Layouts.Contains(node.OpType) && after.FirstOrDefault(owner => owner.Kind == OwnerKind.Quantize && _producers.ContainsKey(owner.Name)) is { Kind: OwnerKind.Quantize } computed)
                return new Owner(OwnerKind.Node, _producers[computed.Name]);
            IEnumerable<Owner> order = Layouts.Contains(node.OpType) ? before.Concat(after).OrderBy(owner => owner.IsConversion ? 0 : 1) : after.Where(owner => !owner.IsConversion).Concat(before).Concat(after);
            return order.FirstOrDefault(owner => owner.Kind != OwnerKind.None);
        }

        private string NameOf(NodeProto node) => _names.GetValueOrDefault(node, node.Name);

        // The parts of an operator that ONNX Runtime spells out have no name; the profiler calls them by operator and number, in the same order.
        private void Name(IReadOnlyList<NodeProto> nodes, IReadOnlyList<ProfiledNode> ran)
        {
            HashSet<string> named = new(nodes.Select(node => node.Name), StringComparer.Ordinal);
            ILookup<string, string> nameless = ran.Where(node => !named.Contains(node.Name)).ToLookup(node => node.Operator, node => node.Name, StringComparer.Ordinal);
            foreach (IGrouping<string, NodeProto> alike in nodes.Where(node => node.Name.Length == 0).GroupBy(node => node.OpType, StringComparer.Ordinal))
                foreach ((NodeProto node, string name) in alike.Zip(nameless[alike.Key]))
                    _names[node] = name;
        }

        private Owner Named(string name)
        {
            string original = OptimizedNames.Original(name);
            if (_nodes.Contains(original))
                return new Owner(OwnerKind.Node, original);
            return _producers.TryGetValue(original, out string? producer) ? new Owner(OwnerKind.Node, producer) : Owner.None;
        }

        private Owner? ConversionOf(NodeProto node)
        {
            OwnerKind kind = node.OpType switch
            {
                "QuantizeLinear" or "QuantizeNhwc" => OwnerKind.Quantize,
                "DequantizeLinear" or "DequantizeNhwc" => OwnerKind.Dequantize,
                _ => OwnerKind.None,
            };
            if (kind == OwnerKind.None)
                return null;
            string? value = OptimizedNames.ConvertedValue(node.Name);
            if (value is null || !_values.Contains(value))
                value = kind == OwnerKind.Quantize ? node.InputAt(0) : node.Output[0];
            // What is no activation is a weight: its node's own affair.
            return _values.Contains(value) ? new Owner(kind, value) : null;
        }
    }
}
