using TorchSharp;
using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace Octet.Torch.TorchScript.Operators;

/// <summary>Interpolation and padding.</summary>
internal static class Resampling
{
    public static void Register(OperatorTable table)
    {
        table.Add(call => Nearest(call, 1), "upsample_nearest1d");
        table.Add(call => Nearest(call, 2), "upsample_nearest2d");
        table.Add(call => Nearest(call, 3), "upsample_nearest3d");
        table.Add(call => Smooth(call, 1, torch.InterpolationMode.Linear), "upsample_linear1d");
        table.Add(call => Smooth(call, 2, torch.InterpolationMode.Bilinear), "upsample_bilinear2d");
        table.Add(call => Smooth(call, 3, torch.InterpolationMode.Trilinear), "upsample_trilinear3d");
        table.Add(call => Smooth(call, 2, torch.InterpolationMode.Bicubic), "upsample_bicubic2d");
        table.Add(call => F.pad(call.Tensor(0, "self"), call.Integers(1, "pad"), PaddingModes.Constant, call.Number(2, "value", 0)), "constant_pad_nd");
        table.Add(call => F.pad(call.Tensor(0, "self"), call.Integers(1, "padding"), PaddingModes.Reflect), "reflection_pad1d", "reflection_pad2d", "reflection_pad3d");
        table.Add(call => F.pad(call.Tensor(0, "self"), call.Integers(1, "padding"), PaddingModes.Replicate), "replication_pad1d", "replication_pad2d", "replication_pad3d");
        table.Add(call => F.pad(call.Tensor(0, "self"), call.Integers(1, "pad"), call.OptionalText(2, "mode") switch
        {
            null or "constant" => PaddingModes.Constant,
            "reflect" => PaddingModes.Reflect,
            "replicate" => PaddingModes.Replicate,
            "circular" => PaddingModes.Circular,
            var other => throw call.Unsupported($"with mode '{other}'"),
        }, call.Number(3, "value", 0)), "pad");
    }

    private static Tensor Nearest(Operands call, int axes)
    {
        (long[]? size, double[]? factors) = Target(call, 2, axes);
        return F.interpolate(call.Tensor(0, "self"), size, factors, torch.InterpolationMode.Nearest);
    }

    private static Tensor Smooth(Operands call, int axes, torch.InterpolationMode mode)
    {
        bool aligned = call.Flag(2, "align_corners");
        (long[]? size, double[]? factors) = Target(call, 3, axes);
        return F.interpolate(call.Tensor(0, "self"), size, factors, mode, aligned);
    }

    // A size, or factors in a list, or a size and one factor an axis. Where both are given, places come from the factors.
    private static (long[]? Size, double[]? Factors) Target(Operands call, int place, int axes)
    {
        long[]? size = call.OptionalIntegers(1, "output_size");
        if (call.Peek(place, "scale_factors") is List<object?>)
            return (null, call.OptionalNumbers(place, "scale_factors"));
        string[] names = axes switch { 1 => ["scales"], 2 => ["scales_h", "scales_w"], _ => ["scales_d", "scales_h", "scales_w"] };
        double?[] factors = [.. names.Select((name, i) => call.OptionalNumber(place + i, name))];
        return factors.All(factor => factor is not null) ? (null, [.. factors.Select(factor => factor!.Value)])
            : size is not null && factors.All(factor => factor is null) ? (size, null)
            : throw call.Unsupported("with factors for some axes only");
    }
}
