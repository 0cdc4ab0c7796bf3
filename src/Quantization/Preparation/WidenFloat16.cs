using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Makes a model that computes in 16-bit floats compute in 32 bits: ONNX Runtime's CPU kernels do so anyway, with a conversion around each node, and
/// integer kernels take scales in 32 bits only. Inputs and outputs keep their types. Results differ by the rounding to 16 bits that
/// is no longer done between nodes.
/// </summary>
/// <remarks>
/// A model with 16-bit weights that are cast before use needs none of this; <see cref="FoldConstants"/> does the casts. Models with functions or
/// operators of other domains stay as they are: what those make of the types is not known.
/// </remarks>
public static class WidenFloat16
{
    /// <summary>Returns the rewritten model; the argument is left as it is.</summary>
    public static ModelProto Apply(ModelProto model)
    {
        if (model.Functions.Count > 0 || model.OtherDomains().Count > 0 || !ComputesIn16Bits(model) || LeavesUncomputed(model.Graph))
            return model;
        ModelProto result = model.Clone();
        foreach (GraphProto graph in result.Graph.WithSubgraphs().ToArray())
            Widen(graph);
        KeepSignature(result, model.Graph);
        return result;
    }

    private static bool ComputesIn16Bits(ModelProto model) => model.Graph.WithSubgraphs().Any(graph =>
    {
        HashSet<string> halves = new(graph.Initializer.Where(tensor => tensor.DataType == (int)DataType.Float16).Select(tensor => tensor.Name), StringComparer.Ordinal);
        return halves.Count > 0 && graph.Node.Any(node => node.IsStandard() && node.OpType is "Conv" or "ConvTranspose" or "Gemm" or "MatMul" && node.Input.Any(halves.Contains));
    });

    // A constant or an input that is an output too has no node that could write another type.
    private static bool LeavesUncomputed(GraphProto graph)
    {
        HashSet<string> computed = new(graph.Node.SelectMany(node => node.Output), StringComparer.Ordinal);
        return graph.Output.Any(output => IsHalf(output) && !computed.Contains(output.Name));
    }

    private static void Widen(GraphProto graph)
    {
        for (int i = 0; i < graph.Initializer.Count; i++)
            if (graph.Initializer[i].DataType == (int)DataType.Float16)
                graph.Initializer[i] = Widened(graph.Initializer[i]);
        foreach (AttributeProto attribute in graph.Node.SelectMany(node => node.Attribute))
        {
            if (attribute.T?.DataType == (int)DataType.Float16)
                attribute.T = Widened(attribute.T);
            if (attribute.Name is "to" or "dtype" && attribute.I == (long)DataType.Float16)
                attribute.I = (long)DataType.Float;
        }
        foreach (ValueInfoProto info in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo))
            Widen(info.Type);
    }

    private static void Widen(TypeProto? type)
    {
        switch (type?.ValueCase)
        {
            case TypeProto.ValueOneofCase.TensorType when type.TensorType.ElemType == (int)DataType.Float16:
                type.TensorType.ElemType = (int)DataType.Float;
                break;
            case TypeProto.ValueOneofCase.SequenceType:
                Widen(type.SequenceType.ElemType);
                break;
            case TypeProto.ValueOneofCase.OptionalType:
                Widen(type.OptionalType.ElemType);
                break;
        }
    }

    private static TensorProto Widened(TensorProto tensor) => Tensors.CreateFloat(tensor.Name, tensor.Dims, tensor.ElementCount(), values => tensor.CopyFloatsTo(values));

    /// <summary>Casts inputs and outputs that were 16 bits wide, so that a caller sees no difference.</summary>
    private static void KeepSignature(ModelProto result, GraphProto original)
    {
        GraphEditor editor = new(result.Graph, new UniqueNames(result));
        List<NodeProto> before = [];
        List<NodeProto> after = [];
        foreach (ValueInfoProto input in original.Input.Where(IsHalf))
        {
            string wide = editor.Names.Fresh($"{input.Name}_float");
            editor.RedirectReads(input.Name, wide);
            before.Add(Cast(input.Name, wide, DataType.Float, editor.Names));
        }
        foreach (ValueInfoProto output in original.Output.Where(IsHalf))
        {
            string wide = editor.Names.Fresh($"{output.Name}_float");
            editor.Change(editor.Index.Producer(output.Name)!, node => node.Output[node.Output.IndexOf(output.Name)] = wide);
            editor.RedirectReads(output.Name, wide);
            after.Add(Cast(wide, output.Name, DataType.Float16, editor.Names));
        }
        NodeProto[] nodes = [.. before, .. result.Graph.Node, .. after];
        result.Graph.Node.Clear();
        result.Graph.Node.AddRange(nodes);
        result.Graph.Input.Clear();
        result.Graph.Input.AddRange(original.Input.Select(input => input.Clone()));
        result.Graph.Output.Clear();
        result.Graph.Output.AddRange(original.Output.Select(output => output.Clone()));
    }

    private static NodeProto Cast(string from, string to, DataType type, UniqueNames names) =>
        Nodes.Create("Cast", names.Fresh($"{to}_Cast"), [from], [to], Nodes.Attribute("to", (long)type));

    private static bool IsHalf(ValueInfoProto info) => info.Type?.TensorType?.ElemType == (int)DataType.Float16;
}
