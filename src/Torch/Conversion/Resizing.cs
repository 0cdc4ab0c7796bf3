using System.Collections.Immutable;
using Octet.Quantization.Onnx;
using Octet.Torch.Tracing;

namespace Octet.Torch.Conversion;

/// <summary>
/// Interpolation. Linear and cubic forms are ONNX's Resize; the nearest neighbour is Resize where each element becomes whole copies, and a gather with
/// torch's own places otherwise: a place that is a quotient of two extents may round to its neighbour on the way through Resize's scales.
/// </summary>
internal static class Resizing
{
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
        table.Add(call => Nearest(call, Ratios(call, "outputSize", "scaleFactors", recomputes: false), exact: false), "THSTensor_upsample_nearest1d", "THSTensor_upsample_nearest2d", "THSTensor_upsample_nearest3d");
        table.Add(Sample, "THSNN_grid_sample");
    }

    private static void Interpolate(ConversionContext call)
    {
        Mode mode = (Mode)call.Integer("mode");
        if (call.Flag("antialias"))
            throw call.Unsupported("with antialias");
        ImmutableArray<double> ratios = Ratios(call, "size", "scale_factor", call.Flag("recompute_scale_factor"));
        switch (mode)
        {
            case Mode.Nearest or Mode.NearestExact:
                Nearest(call, ratios, mode == Mode.NearestExact);
                break;
            case Mode.Area:
                throw call.Unsupported("with mode Area; adaptive_avg_pool does the same and can be exported");
            default:
                // 0 is not given, 1 true, 2 false.
                Smooth(call, mode == Mode.Bicubic ? "cubic" : "linear", ratios, call.Integer("align_corners") == 1);
                break;
        }
    }

    /// <summary>
    /// Extents of the input over those of the output, an axis each, as torch calculates with them: in the precision of floats, and from the factors where these are given.
    /// </summary>
    private static ImmutableArray<double> Ratios(ConversionContext call, string sizes, string factors, bool recomputes)
    {
        TracedTensor input = call.Tensor("input");
        ImmutableArray<double> given = recomputes || !call.Integers(sizes).IsEmpty ? [] : call.Numbers(factors);
        return [.. Enumerable.Range(0, input.Rank - 2).Select(axis => given.IsEmpty
            ? (float)call.FixedExtent(input, axis + 2) / (float)call.FixedExtent(call.Result(), axis + 2)
            : (double)(float)(1 / given[given.Length == 1 ? 0 : axis]))];
    }

    private static void Smooth(ConversionContext call, string mode, ImmutableArray<double> ratios, bool alignsCorners)
    {
        TracedTensor input = call.Tensor("input");
        // ONNX Runtime interpolates images; a row is an image of height 1.
        bool isRow = input.Rank == 3;
        string value = isRow ? call.Unsqueeze(call.Value(input), 2) : call.Value(input);
        long[] sizes = [.. isRow ? [1L] : Array.Empty<long>(), .. Enumerable.Range(2, input.Rank - 2).Select(axis => call.FixedExtent(call.Result(), axis))];
        long[] extents = [.. isRow ? [1L] : Array.Empty<long>(), .. Enumerable.Range(2, input.Rank - 2).Select(axis => call.FixedExtent(input, axis))];
        double[] factors = [.. isRow ? [1.0] : Array.Empty<double>(), .. ratios.Select(ratio => 1 / ratio)];
        // With scales Resize calculates places and extents from them; they must give the same extents, else sizes say it, from which the same places follow if no scale was given.
        bool byScale = factors.Select((factor, axis) => Math.Floor(extents[axis] * (double)(float)factor) == sizes[axis]).All(same => same);
        bool bySize = factors.Select((factor, axis) => Math.Abs(factor * extents[axis] - sizes[axis]) < 1e-4 * sizes[axis]).All(same => same);
        if (!byScale && !bySize && !alignsCorners)
            throw call.Unsupported("with a scale that gives other extents in ONNX");
        string[] inputs = bySize || alignsCorners
            ? [value, "", "", call.Add("Concat", [call.Add("Shape", [value], Nodes.Attribute("end", 2L)), call.Integers(sizes)], Nodes.Attribute("axis", 0L))]
            : [value, "", call.Floats([factors.Length + 2], [1, 1, .. factors.Select(factor => (float)factor)])];
        string resized = call.Add("Resize", inputs, Nodes.Attribute("mode", mode), Nodes.Attribute("coordinate_transformation_mode", alignsCorners ? "align_corners" : "half_pixel"),
            Nodes.Attribute("cubic_coeff_a", -0.75f));
        call.Return(isRow ? call.Squeeze(resized, 2) : resized);
    }

    private static void Nearest(ConversionContext call, ImmutableArray<double> ratios, bool exact)
    {
        TracedTensor input = call.Tensor("input");
        long[] factors = [.. ratios.Select((ratio, i) =>
        {
            long extent = call.FixedExtent(input, i + 2), size = call.FixedExtent(call.Result(), i + 2);
            return size % extent == 0 && Math.Abs(ratio * size - extent) < 1e-6 * extent ? size / extent : 0;
        })];
        string value = call.Value(input);
        if (factors.All(factor => factor > 0) && factors.Length <= 2)
        {
            call.Return(call.Add("Resize", [value, "", call.Floats([input.Rank], [1, 1, .. factors.Select(factor => (float)factor)])],
                Nodes.Attribute("mode", "nearest"), Nodes.Attribute("coordinate_transformation_mode", "asymmetric"), Nodes.Attribute("nearest_mode", "floor")));
            return;
        }
        for (int i = 0; i < ratios.Length; i++)
        {
            long extent = call.FixedExtent(input, i + 2), size = call.FixedExtent(call.Result(), i + 2);
            float ratio = (float)ratios[i];
            if (size != extent || ratio != 1)
                value = call.Gather(value, call.Positions([size], at => Math.Min((long)MathF.Floor((at[0] + (exact ? 0.5f : 0)) * ratio), extent - 1)), i + 2);
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
