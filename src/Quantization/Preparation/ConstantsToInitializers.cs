using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Turns Constant nodes that hold a tensor into initializers, in every graph of the model, so that later passes find weights in one
/// place. Some exporters (PaddlePaddle's, say) keep every weight in a Constant node. Graph inputs that only repeat an initializer go (IR 3 asked
/// for them): they would let a caller override a weight, so that it would be no constant.
/// </summary>
public static class ConstantsToInitializers
{
    private const int InitializersWithoutInputs = 4;

    /// <summary>Returns the rewritten model; the argument is left as it is.</summary>
    public static ModelProto Apply(ModelProto model)
    {
        ModelProto result = Rewriting.EachNode(model, node => node.Is("Constant"), (node, editor) =>
        {
            if (ValueOf(node) is not { } value || editor.Index.IsOutput(node.Output[0]))
                return;
            editor.Remove(node);
            editor.Add(value.WithName(node.Output[0]));
        });
        return WithoutRepeatedInputs(result);
    }

    private static ModelProto WithoutRepeatedInputs(ModelProto model)
    {
        HashSet<string> constants = new(model.Graph.Initializer.Select(initializer => initializer.Name), StringComparer.Ordinal);
        if (!model.Graph.Input.Any(input => constants.Contains(input.Name)))
            return model;
        ModelProto result = model.Clone();
        result.Graph.Input.KeepWhere(input => !constants.Contains(input.Name));
        result.IrVersion = Math.Max(result.IrVersion, InitializersWithoutInputs);
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
