using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Turns Constant nodes that hold a tensor into initializers, in every graph of the model, so that later passes find weights in one
/// place. Some exporters (PaddlePaddle's, say) keep every weight in a Constant node.
/// </summary>
public static class ConstantsToInitializers
{
    /// <summary>Returns the rewritten model; the argument is left as it is.</summary>
    public static ModelProto Apply(ModelProto model)
    {
        ModelProto result = model.Clone();
        foreach (GraphProto graph in result.Graph.WithSubgraphs())
        {
            foreach (NodeProto node in graph.Node.ToArray())
            {
                if (!node.Is("Constant") || ValueOf(node) is not { } value || graph.Output.Any(output => output.Name == node.Output[0]))
                    continue;
                graph.Initializer.Add(value.WithName(node.Output[0]));
                graph.Node.Remove(node);
            }
        }
        return result;
    }

    private static TensorProto? ValueOf(NodeProto node)
    {
        if (node.Attribute("value")?.T is { } tensor)
            return tensor;
        if (node.Attribute("value_float") is { } single)
            return Tensors.Create("", [], [single.F]);
        if (node.Attribute("value_int") is { } integer)
            return Tensors.Create("", [], [integer.I]);
        if (node.Attribute("value_floats") is { } floats)
            return Tensors.Create("", [floats.Floats.Count], [.. floats.Floats]);
        if (node.Attribute("value_ints") is { } integers)
            return Tensors.Create("", [integers.Ints.Count], [.. integers.Ints]);
        return null;
    }
}
