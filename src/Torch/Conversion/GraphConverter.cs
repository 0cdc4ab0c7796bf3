using System.Collections.Immutable;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Torch.Tracing;

namespace Octet.Torch.Conversion;

/// <summary>Makes an ONNX model of a trace.</summary>
public static class GraphConverter
{
    /// <summary>What the batch is called where it is dynamic.</summary>
    public const string BatchName = "batch";

    /// <summary>The oldest version of the standard operators that can be written: layer normalization came with it.</summary>
    public const long OldestOpset = 17;

    /// <summary>The version of the standard operators that is written where none is asked for.</summary>
    public const long DefaultOpset = 20;

    /// <summary>Converts a trace. The same trace gives the same bytes.</summary>
    /// <param name="trace">The calculation.</param>
    /// <param name="outputNames">The outputs' names, in their order.</param>
    /// <param name="name">The graph's name.</param>
    /// <param name="opset">The version of the standard operators.</param>
    /// <param name="table">The conversions; null for all.</param>
    /// <exception cref="DiagnosticException">OCT2108: a call has no conversion. OCT2109: it has, but not in this form.</exception>
    public static ModelProto Convert(Trace trace, IReadOnlyList<string> outputNames, string name, long opset = DefaultOpset, ConversionTable? table = null)
    {
        table ??= ConversionTable.Standard;
        GraphProto graph = new() { Name = name };
        ModelProto model = new() { ProducerName = "Octet", Graph = graph };
        model.SetStandardVersion(opset);

        ImmutableArray<TracedCall> calls = Needed(trace);
        graph.Input.AddRange(trace.Inputs.Select(input => Info(input, input.Name)));
        // Names of state, inputs and outputs are given; what is made up goes out of their way.
        GraphProto given = new();
        given.Input.AddRange(graph.Input);
        given.Initializer.AddRange(calls.SelectMany(call => call.Arguments).SelectMany(Tensors).Concat(trace.Outputs)
            .Where(tensor => tensor.Origin == TensorOrigin.State).Select(tensor => tensor.Name).Distinct().Select(state => new TensorProto { Name = state }));
        given.Output.AddRange(outputNames.Select(output => new ValueInfoProto { Name = output }));
        GraphWriter writer = new(graph, new UniqueNames(new ModelProto { Graph = given }), trace.Inputs, opset);

        foreach (TracedCall call in calls)
        {
            Converter converter = table.Find(call.Native) ?? throw DiagnosticCatalog.Exception("OCT2108", null, call.Native, call.Place);
            converter(new ConversionContext(writer, call));
        }
        foreach ((TracedTensor output, string outputName) in trace.Outputs.Zip(outputNames))
        {
            graph.Node.Add(Nodes.Create("Identity", outputName, [OutputValue(writer, output)], [outputName]));
            graph.Output.Add(Info(output, outputName));
        }
        RenameOutputs(graph);
        return model;
    }

    // Calls whose results nothing needs are left out: assertions and shapes read from tensors are among them.
    private static ImmutableArray<TracedCall> Needed(Trace trace)
    {
        HashSet<int> needed = [.. trace.Outputs.Select(tensor => tensor.Id)];
        List<TracedCall> calls = [];
        foreach (TracedCall call in trace.Calls.Reverse())
        {
            if (!call.Results.Any(result => needed.Contains(result.Id)))
                continue;
            calls.Add(call);
            needed.UnionWith(call.Arguments.SelectMany(Tensors).Select(tensor => tensor.Id));
        }
        calls.Reverse();
        return [.. calls];
    }

    private static IEnumerable<TracedTensor> Tensors(TracedArgument argument) => argument switch
    {
        TensorArgument { Value: { } tensor } => [tensor],
        TensorsArgument tensors => tensors.Values.OfType<TracedTensor>(),
        ModuleArgument module => module.Value.Parameters.Select(parameter => parameter.Value),
        _ => [],
    };

    private static string OutputValue(GraphWriter writer, TracedTensor output)
    {
        try
        {
            return writer.Value(output);
        }
        catch (NotSupportedException exception)
        {
            throw DiagnosticCatalog.Exception("OCT2117", null, exception.Message);
        }
    }

    // The node that makes an output gives it its name; only an output that is an input, a constant or another output too keeps its Identity.
    private static void RenameOutputs(GraphProto graph)
    {
        Dictionary<string, NodeProto> makers = new(StringComparer.Ordinal);
        foreach (NodeProto node in graph.Node)
            foreach (string made in node.Output)
                makers[made] = node;
        HashSet<string> outputs = [.. graph.Output.Select(output => output.Name)];
        foreach (NodeProto identity in graph.Node.Where(node => node.OpType == "Identity" && outputs.Contains(node.Output[0])).ToArray())
        {
            string value = identity.Input[0];
            if (!makers.TryGetValue(value, out NodeProto? maker) || outputs.Contains(value))
                continue;
            string name = identity.Output[0];
            graph.Node.Remove(identity);
            maker.Output[maker.Output.IndexOf(value)] = name;
            foreach (NodeProto node in graph.Node)
                for (int i = 0; i < node.Input.Count; i++)
                    if (node.Input[i] == value)
                        node.Input[i] = name;
            outputs.Add(value);
            makers.Remove(value);
            makers[name] = maker;
        }
    }

    private static ValueInfoProto Info(TracedTensor tensor, string name)
    {
        TensorShapeProto shape = new();
        foreach (Extent extent in tensor.Shape)
            shape.Dim.Add(extent.IsFixed ? new TensorShapeProto.Types.Dimension { DimValue = extent.First }
                : extent is { Factor: 1, Offset: 0 } ? new TensorShapeProto.Types.Dimension { DimParam = BatchName }
                : new TensorShapeProto.Types.Dimension { DimParam = $"{BatchName}_{extent}".Replace('*', 'x') });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)GraphWriter.OnnxType(tensor.ElementType), Shape = shape } } };
    }
}
