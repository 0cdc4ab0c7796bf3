using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Emission;

/// <summary>Recognises a Resize that repeats each pixel of an image (ONNX operator Resize, mode nearest).</summary>
internal static class NearestFactors
{
    /// <summary>How often it repeats rows and columns of [n, c, h, w]; null where it does anything else.</summary>
    public static (long Height, long Width)? Of(NodeProto node, GraphIndex index)
    {
        if (!node.Is("Resize") || node.Text("mode", "nearest") != "nearest" || node.Int("antialias", 0) != 0 || node.Ints("axes") is not null || Factors(node, index) is not [1, 1, var height, var width])
            return null;
        return Repeats(height) && Repeats(width) ? (height, width) : null;

        // From the place of an output pixel to that of the input, x: asymmetric x = i / factor, half-pixel x = (i + 0.5) / factor - 0.5, which never lies in the middle
        // of two; tf_half_pixel_for_nn is the same without the last term.
        bool Repeats(long factor) => factor > 0 && (factor == 1 || (node.Text("coordinate_transformation_mode", "half_pixel"), node.Text("nearest_mode", "round_prefer_floor")) switch
        {
            ("asymmetric", "floor") => true,
            ("half_pixel" or "pytorch_half_pixel", "round_prefer_floor" or "round_prefer_ceil") => true,
            ("tf_half_pixel_for_nn", "floor") => true,
            _ => false,
        });
    }

    private static long[]? Factors(NodeProto node, GraphIndex index)
    {
        if (node.InputAt(3).Length == 0)
            return index.Initializer(node.InputAt(2)) is { } scales && scales.ToFloats() is var factors && factors.All(factor => factor is > 0 and < 1 << 16 && factor == MathF.Floor(factor))
                ? [.. factors.Select(factor => (long)factor)]
                : null;
        if (index.Initializer(node.Input[3])?.ToInt64s() is not { } sizes || index.Extents(node.Input[0]) is not { } extents || sizes.Length != extents.Length
            || sizes.Zip(extents).Any(pair => pair.Second is not > 0 || pair.First % pair.Second != 0))
            return null;
        return [.. sizes.Zip(extents, (size, extent) => size / extent!.Value)];
    }
}
