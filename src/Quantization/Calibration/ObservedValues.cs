using System.Collections.Immutable;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Calibration;

/// <summary>
/// Makes inner values of a model its outputs, those inside If, Loop and Scan too: they are flattened and handed out level by level. A branch that is
/// not taken gives an empty tensor, a loop the values of all its iterations one after the other.
/// </summary>
internal sealed class ObservedValues
{
    private readonly HashSet<string> _wanted;
    private readonly GraphProto _main;
    private readonly UniqueNames _names;
    private readonly Lazy<string> _flat;
    private readonly Lazy<string> _nothing;

    private ObservedValues(ModelProto model, IEnumerable<string> wanted)
    {
        _wanted = new HashSet<string>(wanted, StringComparer.Ordinal);
        _main = model.Graph;
        _names = new UniqueNames(model);
        _flat = new Lazy<string>(() => Constant(Tensors.Create(_names.Fresh("observed_flat"), [1], [-1L])));
        _nothing = new Lazy<string>(() => Constant(Tensors.Create(_names.Fresh("observed_nothing"), [0], ReadOnlySpan<float>.Empty)));
    }

    /// <summary>Returns a copy of the model with the values as its only outputs.</summary>
    /// <param name="model">A model whose values have names of their own over all its graphs; opset 13 or newer where it has subgraphs.</param>
    /// <param name="values">Float tensors. Those of subgraphs come flattened.</param>
    /// <returns>The copy, and the name of each value's output, in the values' order.</returns>
    public static (ModelProto Model, ImmutableArray<string> Outputs) Expose(ModelProto model, IReadOnlyList<string> values)
    {
        ModelProto result = model.Clone();
        HashSet<string> outermost = result.Graph.DefinedNames();
        ObservedValues observed = new(result, values.Where(value => !outermost.Contains(value)));
        Dictionary<string, string> lifted = observed._wanted.Count == 0 ? [] : observed.Lift(result.Graph).ToDictionary(pair => pair.Value, pair => pair.Name, StringComparer.Ordinal);
        ImmutableArray<string> outputs = [.. values.Select(value => lifted.GetValueOrDefault(value, value))];

        // ONNX Runtime infers the types, except for what is an input too.
        result.Graph.Output.Clear();
        result.Graph.Output.AddRange(outputs.Select(output => new ValueInfoProto { Name = output, Type = model.Graph.Input.FirstOrDefault(input => input.Name == output)?.Type?.Clone() }));
        return (result, outputs);
    }

    /// <summary>Why the values of a graph cannot be made outputs of the model; null where they can.</summary>
    public static string? ReasonNot(GraphIndex graph)
    {
        bool varies = false;
        for (GraphIndex inner = graph; inner.Holder is { } holder; inner = inner.Outer!)
        {
            if (!holder.IsStandard() || holder.OpType is not ("If" or "Loop" or "Scan"))
                return $"it lies inside {holder.OpType}, whose values cannot be observed";
            // Scan stacks what its iterations give, which must have the same extents each time.
            if (holder.OpType == "Scan" && varies)
                return "it lies in an If or Loop inside a Scan, whose values cannot be observed";
            varies |= holder.OpType != "Scan";
        }
        return null;
    }

    /// <summary>Hands the wanted values inside a graph's nodes out to the graph.</summary>
    private List<Lifted> Lift(GraphProto graph)
    {
        List<Lifted> lifted = [];
        List<NodeProto> nodes = [];
        foreach (NodeProto node in graph.Node)
        {
            if (!node.Subgraphs().Any())
            {
                nodes.Add(node);
                continue;
            }
            List<NodeProto> before = [], after = [];
            lifted.AddRange(node.OpType switch
            {
                "If" => LiftFromIf(node),
                "Loop" => LiftFromLoop(node, before, after),
                "Scan" => LiftFromScan(node, after),
                _ => [],
            });
            nodes.AddRange([.. before, node, .. after]);
        }
        graph.Node.Clear();
        graph.Node.AddRange(nodes);
        return lifted;
    }

    /// <summary>The wanted values of a subgraph and of those inside it, flat, by names of the subgraph's own.</summary>
    private List<Lifted> Inside(GraphProto subgraph)
    {
        List<Lifted> inside = Lift(subgraph);
        string[] own = [.. subgraph.Input.Select(input => input.Name).Concat(subgraph.Node.SelectMany(node => node.Output)).Where(_wanted.Contains)];
        foreach (string value in own)
            inside.Add(new Lifted(value, Append(subgraph.Node, "Reshape", value, [value, _flat.Value])));
        return inside;
    }

    private List<Lifted> LiftFromIf(NodeProto node)
    {
        GraphProto[] branches = [node.Attribute("then_branch")!.G, node.Attribute("else_branch")!.G];
        Pad(node.Output, branches[0].Output.Count);
        List<Lifted> lifted = [];
        foreach (GraphProto branch in branches)
        {
            GraphProto other = branches[ReferenceEquals(branch, branches[0]) ? 1 : 0];
            foreach (Lifted inner in Inside(branch))
            {
                branch.Output.Add(new ValueInfoProto { Name = inner.Name });
                other.Output.Add(new ValueInfoProto { Name = Append(other.Node, "Identity", inner.Value, [_nothing.Value]) });
                lifted.Add(inner with { Name = Fresh(inner.Value) });
                node.Output.Add(lifted[^1].Name);
            }
        }
        return lifted;
    }

    // A sequence takes whatever extents an iteration gives; the scan outputs of a Loop would have to be of equal extents.
    private List<Lifted> LiftFromLoop(NodeProto node, List<NodeProto> before, List<NodeProto> after)
    {
        const int TripCountAndCondition = 2;
        GraphProto body = node.Attribute("body")!.G;
        int states = body.Input.Count - TripCountAndCondition;
        Pad(node.Input, TripCountAndCondition);
        Pad(node.Output, states);
        List<Lifted> lifted = [];
        foreach (Lifted inner in Inside(body))
        {
            string values = Fresh(inner.Value);
            body.Input.Add(new ValueInfoProto { Name = values, Type = Sequence() });
            body.Output.Insert(1 + states, new ValueInfoProto { Name = Append(body.Node, "SequenceInsert", inner.Value, [values, inner.Name]) });
            node.Input.Add(Append(before, "SequenceConstruct", inner.Value, [_nothing.Value]));
            node.Output.Insert(states, Fresh(inner.Value));
            lifted.Add(inner with { Name = Append(after, "ConcatFromSequence", inner.Value, [node.Output[states]], Nodes.Attribute("axis", 0)) });
            states++;
        }
        return lifted;
    }

    private List<Lifted> LiftFromScan(NodeProto node, List<NodeProto> after)
    {
        GraphProto body = node.Attribute("body")!.G;
        Pad(node.Output, body.Output.Count);
        List<Lifted> lifted = [];
        foreach (Lifted inner in Inside(body))
        {
            body.Output.Add(new ValueInfoProto { Name = inner.Name });
            node.Output.Add(Fresh(inner.Value));
            foreach (string attribute in new[] { "scan_output_axes", "scan_output_directions" })
                node.Attribute(attribute)?.Ints.Add(0);
            lifted.Add(inner with { Name = Append(after, "Reshape", inner.Value, [node.Output[^1], _flat.Value]) });
        }
        return lifted;
    }

    private string Append(IList<NodeProto> nodes, string op, string value, string[] inputs, params AttributeProto[] attributes)
    {
        string output = Fresh(value);
        nodes.Add(Nodes.Create(op, _names.Fresh($"{output}:{op}"), inputs, [output], attributes));
        return output;
    }

    private string Fresh(string value) => _names.Fresh($"{value}_observed");

    private string Constant(TensorProto tensor)
    {
        _main.Initializer.Add(tensor);
        return tensor.Name;
    }

    private static void Pad(IList<string> names, int count)
    {
        while (names.Count < count)
            names.Add("");
    }

    private static TypeProto Sequence() =>
        new() { SequenceType = new TypeProto.Types.Sequence { ElemType = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float } } } };

    /// <summary>A value that was handed out.</summary>
    /// <param name="Value">Its name in the graph that has it.</param>
    /// <param name="Name">Its name in the graph that it was handed out to.</param>
    private sealed record Lifted(string Value, string Name);
}
