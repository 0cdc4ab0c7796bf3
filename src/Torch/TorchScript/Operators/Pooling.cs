using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace Octet.Torch.TorchScript.Operators;

/// <summary>Pooling along one, two or three axes.</summary>
internal static class Pooling
{
    public static void Register(OperatorTable table)
    {
        table.Add(call => F.max_pool1d(call.Tensor(0, "self"), Kernel(call, 1)[0], Stride(call, 1)[0], call.Integers(3, "padding", 1, 0)[0], call.Integers(4, "dilation", 1, 1)[0], call.Flag(5, "ceil_mode")), "max_pool1d");
        table.Add(call => F.max_pool2d(call.Tensor(0, "self"), Kernel(call, 2), Stride(call, 2), call.Integers(3, "padding", 2, 0), call.Integers(4, "dilation", 2, 1), call.Flag(5, "ceil_mode")), "max_pool2d");
        table.Add(call => F.max_pool3d(call.Tensor(0, "self"), Kernel(call, 3), Stride(call, 3), call.Integers(3, "padding", 3, 0), call.Integers(4, "dilation", 3, 1), call.Flag(5, "ceil_mode")), "max_pool3d");
        table.Add(call =>
        {
            (Tensor values, Tensor places) = F.max_pool2d_with_indices(call.Tensor(0, "self"), Kernel(call, 2), Stride(call, 2), call.Integers(3, "padding", 2, 0), call.Integers(4, "dilation", 2, 1), call.Flag(5, "ceil_mode"));
            return ScriptTuple.Of(values, places);
        }, "max_pool2d_with_indices");
        table.Add(call => F.avg_pool1d(call.Tensor(0, "self"), Kernel(call, 1)[0], Stride(call, 1)[0], call.Integers(3, "padding", 1, 0)[0], call.Flag(4, "ceil_mode"), call.Flag(5, "count_include_pad", true)), "avg_pool1d");
        table.Add(call => F.avg_pool2d(call.Tensor(0, "self"), Kernel(call, 2), Stride(call, 2), call.Integers(3, "padding", 2, 0), call.Flag(4, "ceil_mode"), call.Flag(5, "count_include_pad", true), call.OptionalInteger(6, "divisor_override")), "avg_pool2d");
        table.Add(call => F.avg_pool3d(call.Tensor(0, "self"), Kernel(call, 3), Stride(call, 3), call.Integers(3, "padding", 3, 0), call.Flag(4, "ceil_mode"), call.Flag(5, "count_include_pad", true), call.OptionalInteger(6, "divisor_override")), "avg_pool3d");
        table.Add(call => F.adaptive_avg_pool1d(call.Tensor(0, "self"), call.Integers(1, "output_size", 1, 1)[0]), "adaptive_avg_pool1d");
        table.Add(call => F.adaptive_avg_pool2d(call.Tensor(0, "self"), call.Integers(1, "output_size", 2, 1)), "adaptive_avg_pool2d");
        table.Add(call => F.adaptive_avg_pool3d(call.Tensor(0, "self"), call.Integers(1, "output_size", 3, 1)), "adaptive_avg_pool3d");
        table.Add(call =>
        {
            (Tensor values, Tensor places) = F.adaptive_max_pool2d_with_indices(call.Tensor(0, "self"), call.Integers(1, "output_size", 2, 1));
            return ScriptTuple.Of(values, places);
        }, "adaptive_max_pool2d");
    }

    private static long[] Kernel(Operands call, int axes) => call.Integers(1, "kernel_size", axes, 1);

    // None, or an empty list: as large as the kernel.
    private static long[] Stride(Operands call, int axes) => call.OptionalIntegers(2, "stride") is { Length: > 0 } ? call.Integers(2, "stride", axes, 1) : Kernel(call, axes);
}
