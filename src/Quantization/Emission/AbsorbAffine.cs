using System.Collections.Immutable;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Emission;

/// <summary>
/// Takes constant factors and summands beside a conversion into its scale and zero point: round((a x + b) / s) + z = round(x / (s / a)) + (z + b / s)
/// where b is a whole number of steps, and the same backwards. Between two conversions nothing is left of them.
/// </summary>
public static class AbsorbAffine
{
    // Scales that differ by rounding to float.
    private const double SameWithin = 1e-6;

    /// <summary>Returns the rewritten variant, with those values that it still has, and without the value infos that tell here which constants are scalars.</summary>
    public static EmittedModel Apply(EmittedModel emitted)
    {
        ModelProto model = Apply(emitted.Model).Clone();
        foreach (GraphProto graph in model.Graph.WithSubgraphs())
            graph.ValueInfo.Clear();
        HashSet<string> values = [.. GraphIndex.Nodes(model.Graph).SelectMany(pair => pair.Node.Output)];
        return new EmittedModel(model, emitted.Dequantized.Where(pair => values.Contains(pair.Value)).ToImmutableDictionary(StringComparer.Ordinal));
    }

    /// <summary>Returns the rewritten model; the argument is left as it is, and returned itself where nothing changes.</summary>
    /// <param name="quantized">A model with QuantizeLinear and DequantizeLinear, one scale and zero point a value.</param>
    public static ModelProto Apply(ModelProto quantized)
    {
        bool changed = false;
        ModelProto result = Rewriting.EachNode(quantized, node => node.Is("QuantizeLinear"), (node, editor) => changed |= Quantize(node, editor));
        result = Rewriting.EachNode(result, node => node.OpType is "Mul" or "Div" or "Add" or "Sub", (node, editor) => changed |= Dequantize(node, editor));
        if (!changed)
            return quantized;
        result = Rewriting.EachNode(result, node => node.Is("QuantizeLinear"), RemovePair);
        return RemoveUnused.Apply(result);
    }

    private static bool Quantize(NodeProto quantize, GraphEditor editor)
    {
        if (Conversion.Read(quantize, editor) is not { } conversion)
            return false;
        foreach (AffineChain chain in AffineChain.Ending(quantize.Input[0], editor))
            if (chain.OfSource(conversion.Parameters, conversion.Lowest, conversion.Highest) is { } parameters)
            {
                string[] operands = conversion.With(parameters, quantize, editor);
                editor.Change(quantize, changed =>
                {
                    changed.Input.Clear();
                    changed.Input.AddRange([chain.Source, .. operands]);
                });
                return true;
            }
        return false;
    }

    private static bool Dequantize(NodeProto node, GraphEditor editor)
    {
        foreach (AffineChain chain in AffineChain.Ending(node.Output[0], editor))
            if (editor.Index.Producer(chain.Source) is { } dequantize && dequantize.Is("DequantizeLinear") && Conversion.Read(dequantize, editor) is { } conversion
                && chain.OfResult(conversion.Parameters, conversion.Lowest, conversion.Highest) is { } parameters)
            {
                editor.Replace(node, Nodes.Create("DequantizeLinear", node.Name, [dequantize.Input[0], .. conversion.With(parameters, node, editor)], node.Output));
                return true;
            }
        return false;
    }

    private static void RemovePair(NodeProto quantize, GraphEditor editor)
    {
        if (editor.Index.Producer(quantize.Input[0]) is not { } dequantize || !dequantize.Is("DequantizeLinear") || editor.Index.IsOutput(quantize.Output[0])
            || Conversion.Read(quantize, editor) is not { } to || Conversion.Read(dequantize, editor) is not { } from || from.Lowest != to.Lowest
            || from.Parameters.ZeroPoint != to.Parameters.ZeroPoint || Math.Abs(from.Parameters.Scale / to.Parameters.Scale - 1) > SameWithin)
            return;
        editor.RedirectReads(quantize.Output[0], dequantize.Input[0]);
        editor.Remove(quantize);
    }

    /// <summary>A conversion with one scale and zero point.</summary>
    private sealed record Conversion(AffineParameters Parameters, int Lowest, int Highest)
    {
        public static Conversion? Read(NodeProto node, GraphEditor editor)
        {
            if (editor.Index.Scalar(node.Input[1]) is not { } scale || editor.Index.Initializer(node.InputAt(2)) is not { } zeroPoint || zeroPoint.ElementCount() != 1)
                return null;
            return (TensorProto.Types.DataType)zeroPoint.DataType switch
            {
                TensorProto.Types.DataType.Uint8 => new Conversion(new AffineParameters(scale, zeroPoint.ToBytes().Span[0]), byte.MinValue, byte.MaxValue),
                TensorProto.Types.DataType.Int8 => new Conversion(new AffineParameters(scale, (sbyte)zeroPoint.ToBytes().Span[0]), sbyte.MinValue, sbyte.MaxValue),
                _ => null,
            };
        }

        /// <summary>Adds other parameters of the same type for a node; returns their names.</summary>
        public string[] With(AffineParameters parameters, NodeProto node, GraphEditor editor)
        {
            string scale = editor.Names.Fresh($"{node.Output[0]}_scale"), zeroPoint = editor.Names.Fresh($"{node.Output[0]}_zero_point");
            return
            [
                editor.Add(Tensors.Create(scale, [], [parameters.Scale])),
                editor.Add(Lowest < 0 ? Tensors.Create(zeroPoint, [], [(sbyte)parameters.ZeroPoint]) : Tensors.Create(zeroPoint, [], [(byte)parameters.ZeroPoint])),
            ];
        }
    }
}
