using System.Collections.Immutable;
using Octet.Quantization.Onnx;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Conversion;

/// <summary>Padding and cropping. Torch counts axes from the last: the first two numbers are before and behind the last axis.</summary>
internal static class Padding
{
    public static void Register(ConversionTable table) => table.Add(Pad, "THSNN_pad");

    private static void Pad(ConversionContext call)
    {
        TracedTensor input = call.Tensor("input");
        ImmutableArray<long> pad = call.Integers("pad");
        PaddingModes mode = (PaddingModes)call.Integer("mode");
        if (mode == PaddingModes.Circular)
        {
            call.Return(Circular(call, input, pad));
            return;
        }
        long[] before = new long[input.Rank], behind = new long[input.Rank];
        for (int i = 0; i < pad.Length / 2; i++)
        {
            before[^(i + 1)] = pad[2 * i];
            behind[^(i + 1)] = pad[2 * i + 1];
        }
        string[] inputs = [call.Value(input), call.Integers([.. before, .. behind])];
        call.Return(mode switch
        {
            PaddingModes.Reflect => call.Add("Pad", inputs, Nodes.Attribute("mode", "reflect")),
            PaddingModes.Replicate => call.Add("Pad", inputs, Nodes.Attribute("mode", "edge")),
            _ => call.Add("Pad", [.. inputs, call.Constant(input.ElementType, call.Number("value"))]),
        });
    }

    /// <summary>Each end is continued with the other; axis by axis, because what was added counts for the next.</summary>
    private static string Circular(ConversionContext call, TracedTensor input, ImmutableArray<long> pad)
    {
        string value = call.Value(input);
        for (int i = 0; i < pad.Length / 2; i++)
        {
            (long before, long behind) = (pad[2 * i], pad[2 * i + 1]);
            if (before < 0 || behind < 0)
                throw call.Unsupported("that crops and continues circularly");
            int axis = input.Rank - 1 - i;
            List<string> parts = [value];
            if (before > 0)
                parts.Insert(0, call.Slice(value, axis, -before, long.MaxValue));
            if (behind > 0)
                parts.Add(call.Slice(value, axis, 0, behind));
            value = call.Concat(parts, axis);
        }
        return value;
    }
}
