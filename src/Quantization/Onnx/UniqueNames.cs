using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Onnx;

/// <summary>Gives names that no value or node of a model has yet. The same model and requests give the same names.</summary>
public sealed class UniqueNames
{
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _lastNumbers = new(StringComparer.Ordinal);

    /// <summary>Takes note of every name in the model, subgraphs included.</summary>
    public UniqueNames(ModelProto model)
    {
        foreach (GraphProto graph in model.Graph.WithSubgraphs())
        {
            _taken.UnionWith(graph.DefinedNames());
            _taken.UnionWith(graph.Output.Select(output => output.Name));
            foreach (NodeProto node in graph.Node)
            {
                _taken.Add(node.Name);
                _taken.UnionWith(node.Input);
            }
        }
    }

    /// <summary>The wanted name where it is free, else with the first free number behind it. It counts as taken from then on.</summary>
    public string Fresh(string wanted)
    {
        if (_taken.Add(wanted))
            return wanted;
        int number = _lastNumbers.GetValueOrDefault(wanted, 1);
        string name;
        do
            name = $"{wanted}_{++number}";
        while (!_taken.Add(name));
        _lastNumbers[wanted] = number;
        return name;
    }
}
