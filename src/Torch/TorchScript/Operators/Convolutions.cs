using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace Octet.Torch.TorchScript.Operators;

/// <summary>Convolutions and transposed convolutions along one, two or three axes.</summary>
internal static class Convolutions
{
    private sealed record Geometry(long[] Stride, long[] Padding, long[] Dilation, long[] OutputPadding, long Groups);

    public static void Register(OperatorTable table)
    {
        table.Add(call => Plain(call, 1), "conv1d");
        table.Add(call => Plain(call, 2), "conv2d");
        table.Add(call => Plain(call, 3), "conv3d");
        table.Add(call => Transposed(call, 1), "conv_transpose1d");
        table.Add(call => Transposed(call, 2), "conv_transpose2d");
        table.Add(call => Transposed(call, 3), "conv_transpose3d");
        table.Add(General, "_convolution", "convolution");
    }

    private static Tensor Plain(Operands call, int axes)
    {
        Tensor weight = call.Tensor(1, "weight");
        long[] stride = call.Integers(3, "stride", axes, 1), dilation = call.Integers(5, "dilation", axes, 1);
        long[] padding = call.Peek(4, "padding") is string ? Padding(call, weight, stride, dilation) : call.Integers(4, "padding", axes, 0);
        return Convolve(call, axes, false, call.OptionalTensor(2, "bias"), new Geometry(stride, padding, dilation, [], call.Integer(6, "groups", 1)));
    }

    private static Tensor Transposed(Operands call, int axes) => Convolve(call, axes, true, call.OptionalTensor(2, "bias"), new Geometry(
        call.Integers(3, "stride", axes, 1), call.Integers(4, "padding", axes, 0), call.Integers(7, "dilation", axes, 1), call.Integers(5, "output_padding", axes, 0), call.Integer(6, "groups", 1)));

    private static Tensor General(Operands call)
    {
        int axes = (int)call.Tensor(1, "weight").dim() - 2;
        var geometry = new Geometry(call.Integers(3, "stride", axes, 1), call.Integers(4, "padding", axes, 0), call.Integers(5, "dilation", axes, 1), call.Integers(7, "output_padding", axes, 0), call.Integer(8, "groups"));
        bool transposed = call.Flag(6, "transposed");
        // Which library calculates it.
        call.IgnoreFrom(9);
        return Convolve(call, axes, transposed, call.OptionalTensor(2, "bias"), geometry);
    }

    private static Tensor Convolve(Operands call, int axes, bool transposed, Tensor? bias, Geometry at)
    {
        Tensor input = call.Tensor(0, "input"), weight = call.Tensor(1, "weight");
        return (axes, transposed) switch
        {
            (1, false) => F.conv1d(input, weight, bias, at.Stride[0], at.Padding[0], at.Dilation[0], at.Groups),
            (2, false) => F.conv2d(input, weight, bias, at.Stride, at.Padding, at.Dilation, at.Groups),
            (3, false) => F.conv3d(input, weight, bias, at.Stride, at.Padding, at.Dilation, at.Groups),
            (1, true) => F.conv_transpose1d(input, weight, bias, at.Stride[0], at.Padding[0], at.OutputPadding[0], at.Dilation[0], at.Groups),
            (2, true) => F.conv_transpose2d(input, weight, bias, at.Stride, at.Padding, at.OutputPadding, at.Dilation, at.Groups),
            (3, true) => F.conv_transpose3d(input, weight, bias, at.Stride, at.Padding, at.OutputPadding, at.Dilation, at.Groups),
            _ => throw call.Unsupported($"along {axes} axes"),
        };
    }

    private static long[] Padding(Operands call, Tensor weight, long[] stride, long[] dilation)
    {
        string kind = call.OptionalText(4, "padding")!;
        if (kind == "valid")
            return new long[stride.Length];
        long[] whole = [.. dilation.Select((step, axis) => step * (weight.shape[axis + 2] - 1))];
        return kind == "same" && stride.All(step => step == 1) && whole.All(padding => padding % 2 == 0)
            ? [.. whole.Select(padding => padding / 2)]
            : throw call.Unsupported($"with padding '{kind}' that differs between the sides");
    }
}
