using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Emission;

/// <summary>By how much a Resize enlarges each axis, where that is a whole number (ONNX operator Resize).</summary>
internal static class ResizeFactors
{
    /// <summary>The factors; null where one is not whole, or not known.</summary>
    public static long[]? Of(NodeProto node, GraphIndex index)
    {
        if (node.Ints("axes") is not null)
            return null;
        if (node.InputAt(3).Length == 0 && index.Initializer(node.InputAt(2)) is { } scales)
            return scales.ToFloats() is var factors && factors.All(factor => factor is > 0 and < 1 << 16 && factor == MathF.Floor(factor)) ? [.. factors.Select(factor => (long)factor)] : null;

        // Sizes are constants, or computed from what is known all the same, but for the number of images.
        if (index.Extents(node.Input[0]) is not { } from || (index.Initializer(node.InputAt(3)) is { } constant ? [.. constant.ToInt64s().Select(size => (long?)size)] : index.Extents(node.Output[0])) is not { } to
            || from.Length != to.Length || from.Length == 0)
            return null;
        long?[] quotients = [.. from.Zip(to, (before, after) => before > 0 && after % before == 0 ? after / before : null)];
        if (from[0] is null && to[0] is null)
            quotients[0] = 1;
        return quotients.All(quotient => quotient > 0) ? [.. quotients.Select(quotient => quotient!.Value)] : null;
    }

    /// <summary>How often it repeats the rows and columns of [n, c, h, w]; null where it does anything else.</summary>
    public static (long Height, long Width)? Repeats(NodeProto node, GraphIndex index)
    {
        if (!node.Is("Resize") || node.Text("mode", "nearest") != "nearest" || node.Int("antialias", 0) != 0 || Of(node, index) is not [1, 1, var height, var width])
            return null;

        // From the place of an output pixel to that of the input, x: asymmetric x = i / factor, half-pixel x = (i + 0.5) / factor - 0.5, which never lies in the middle
        // of two; tf_half_pixel_for_nn is the same without the last term.
        bool repeats = (node.Text("coordinate_transformation_mode", "half_pixel"), node.Text("nearest_mode", "round_prefer_floor")) switch
        {
            ("asymmetric", "floor") => true,
            ("half_pixel" or "pytorch_half_pixel", "round_prefer_floor" or "round_prefer_ceil") => true,
            ("tf_half_pixel_for_nn", "floor") => true,
            _ => (height, width) is (1, 1),
        };
        return repeats ? (height, width) : null;
    }
}
