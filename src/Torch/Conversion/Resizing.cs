using System.Collections.Immutable;
using Octet.Quantization.Onnx;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Conversion;

/// <summary>
/// Interpolation. It is ONNX's Resize where each place is calculated exactly there, which is when all factors are powers of two, or whole numbers for the nearest
/// neighbour. With other factors Resize, which divides by what torch multiplies with, misses torch's places by as much as matters for the result; then the
/// elements are gathered and weighted as torch does it.
/// </summary>
internal static class Resizing
{
    /// <summary>The free coefficient of torch's cubic convolution.</summary>
    private const float CubicCoefficient = -0.75f;

    /// <summary>torch's modes of interpolation, by the codes that TorchSharp gives them.</summary>
    private enum Mode
    {
        Nearest,
        Linear,
        Bilinear,
        Bicubic,
        Trilinear,
        Area,
        NearestExact,
    }

    public static void Register(ConversionTable table)
    {
        table.Add(Interpolate, "THSNN_interpolate");
        table.Add(call => Nearest(call, Ratios(call, "outputSize", "scaleFactors", recomputes: false), isExact: false), "THSTensor_upsample_nearest1d", "THSTensor_upsample_nearest2d", "THSTensor_upsample_nearest3d");
        table.Add(Sample, "THSNN_grid_sample");
    }

    private static void Interpolate(ConversionContext call)
    {
        Mode mode = (Mode)call.Integer("mode");
        if (call.Flag("antialias"))
            throw call.Unsupported("with antialias");
        ImmutableArray<float> ratios = Ratios(call, "size", "scale_factor", call.Flag("recompute_scale_factor"));
        switch (mode)
        {
            case Mode.Nearest or Mode.NearestExact:
                Nearest(call, ratios, mode == Mode.NearestExact);
                break;
            case Mode.Area:
                Pooling.Adaptive(call, call.Tensor("input").Rank - 2, "AveragePool");
                break;
            default:
                // 0 is not given, 1 true, 2 false.
                Smooth(call, ratios, mode == Mode.Bicubic, call.Integer("align_corners") == 1);
                break;
        }
    }

    /// <summary>
    /// Extents of the input over those of the output, an axis each, as torch calculates with them: in the precision of floats, and from the factors where these are given.
    /// </summary>
    private static ImmutableArray<float> Ratios(ConversionContext call, string sizes, string factors, bool recomputes)
    {
        TracedTensor input = call.Tensor("input");
        ImmutableArray<double> given = recomputes || !call.Integers(sizes).IsEmpty ? [] : call.Numbers(factors);
        return [.. Enumerable.Range(0, input.Rank - 2).Select(axis => given.IsEmpty
            ? (float)call.FixedExtent(input, axis + 2) / call.FixedExtent(call.Result(), axis + 2)
            : (float)(1 / given[given.Length == 1 ? 0 : axis]))];
    }

    private static void Smooth(ConversionContext call, ImmutableArray<float> ratios, bool isCubic, bool alignsCorners)
    {
        TracedTensor input = call.Tensor("input");
        string value = call.Value(input);
        if (!alignsCorners && input.Rank == 4 && Factors(call, ratios) is { } factors && factors.All(float.IsPow2))
        {
            call.Return(call.Add("Resize", [value, "", call.Floats([4], [1, 1, .. factors])], Nodes.Attribute("mode", isCubic ? "cubic" : "linear"),
                Nodes.Attribute("coordinate_transformation_mode", "half_pixel"), Nodes.Attribute("cubic_coeff_a", CubicCoefficient)));
            return;
        }
        for (int i = 0; i < ratios.Length; i++)
        {
            long extent = call.FixedExtent(input, i + 2), size = call.FixedExtent(call.Result(), i + 2);
            float ratio = !alignsCorners ? ratios[i] : size > 1 ? (float)(extent - 1) / (size - 1) : 0;
            // To a linear interpolation the same size is a copy, whatever the scale says.
            if (size != extent || (isCubic && ratio != 1))
                value = Weighted(call, value, i + 2, input.Rank, [.. Enumerable.Range(0, (int)size).Select(place => alignsCorners ? place * ratio : (place + 0.5f) * ratio - 0.5f)], extent, isCubic);
        }
        call.Return(value);
    }

    /// <summary>Along one axis, the elements around each place, each with its weight: two of them, or four with the weights of a cubic convolution.</summary>
    private static string Weighted(ConversionContext call, string value, int axis, int rank, ImmutableArray<float> places, long extent, bool isCubic)
    {
        ImmutableArray<long> along = [places.Length, .. Enumerable.Repeat(1L, rank - 1 - axis)];
        // Beyond an edge the edge goes on.
        ImmutableArray<float> inside = isCubic ? places : [.. places.Select(place => Math.Clamp(place, 0, extent - 1))];
        string? sum = null;
        for (int tap = isCubic ? -1 : 0; tap <= (isCubic ? 2 : 1); tap++)
        {
            string elements = call.Gather(value, call.Integers([.. inside.Select(place => Math.Clamp((long)MathF.Floor(place) + tap, 0, extent - 1))]), axis);
            float[] weights = [.. inside.Select(place => (isCubic ? CubicWeight(Math.Abs(place - MathF.Floor(place) - tap)) : 1 - Math.Abs(place - MathF.Floor(place) - tap)))];
            string part = call.Product(elements, call.Cast(call.Floats(along, weights), torch.ScalarType.Float32, call.Result().ElementType));
            sum = sum is null ? part : call.Sum(sum, part);
        }
        return sum!;
    }

    /// <summary>The kernel of cubic convolution at a distance below 2 (R. Keys, 1981).</summary>
    private static float CubicWeight(float distance) => distance <= 1
        ? ((CubicCoefficient + 2) * distance - (CubicCoefficient + 3)) * distance * distance + 1
        : ((CubicCoefficient * distance - 5 * CubicCoefficient) * distance + 8 * CubicCoefficient) * distance - 4 * CubicCoefficient;

    /// <summary>By how much each axis grows, if these factors say exactly what the extents and ratios do.</summary>
    private static float[]? Factors(ConversionContext call, ImmutableArray<float> ratios)
    {
        float[] factors = [.. ratios.Select((_, i) => (float)call.FixedExtent(call.Result(), i + 2) / call.FixedExtent(call.Tensor("input"), i + 2))];
        return factors.Zip(ratios, (factor, ratio) => 1 / factor == ratio).All(same => same) ? factors : null;
    }

    private static void Nearest(ConversionContext call, ImmutableArray<float> ratios, bool isExact)
    {
        TracedTensor input = call.Tensor("input");
        string value = call.Value(input);
        if (input.Rank == 4 && Factors(call, ratios) is { } factors && factors.All(factor => factor >= 1 && float.IsInteger(factor)))
        {
            call.Return(call.Add("Resize", [value, "", call.Floats([4], [1, 1, .. factors])],
                Nodes.Attribute("mode", "nearest"), Nodes.Attribute("coordinate_transformation_mode", "asymmetric"), Nodes.Attribute("nearest_mode", "floor")));
            return;
        }
        for (int i = 0; i < ratios.Length; i++)
        {
            long extent = call.FixedExtent(input, i + 2), size = call.FixedExtent(call.Result(), i + 2);
            float ratio = ratios[i], offset = isExact ? 0.5f : 0;
            // The same size and twice the size are what they are to torch, also where a scale is given that says something else.
            if (!isExact && (size == extent || size == 2 * extent))
                (ratio, offset) = ((float)extent / size, 0);
            if (size != extent || ratio != 1)
                value = call.Gather(value, call.Positions([size], at => Math.Min((long)MathF.Floor((at[0] + offset) * ratio), extent - 1)), i + 2);
        }
        call.Return(value);
    }

    private static void Sample(ConversionContext call)
    {
        if (call.Tensor("input").Rank != 4)
            throw call.Unsupported("of volumes");
        string mode = call.Integer("mode") == 0 ? "nearest" : call.Opset >= 20 ? "linear" : "bilinear";
        string padding = call.Integer("padding_mode") switch { 0 => "zeros", 1 => "reflection", _ => "border" };
        call.Return(call.Add("GridSample", [call.Value("input"), call.Value("grid")], Nodes.Attribute("mode", mode), Nodes.Attribute("padding_mode", padding),
            Nodes.Attribute("align_corners", call.Integer("align_corners") == 1 ? 1L : 0)));
    }
}
