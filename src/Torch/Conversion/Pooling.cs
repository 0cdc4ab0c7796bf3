using System.Collections.Immutable;
using Octet.Quantization.Onnx;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Conversion;

/// <summary>Pools with a given window, and those that adapt it to the size of their output.</summary>
internal static class Pooling
{
    public static void Register(ConversionTable table)
    {
        for (int axes = 1; axes <= 3; axes++)
        {
            int spatial = axes;
            table.Add(call => Largest(call, spatial), $"THSTensor_max_pool{axes}d", $"THSTensor_max_pool{axes}d_with_indices");
            table.Add(call => Average(call, spatial), $"THSTensor_avg_pool{axes}d");
            table.Add(call => Adaptive(call, spatial, "AveragePool"), $"THSTensor_adaptive_avg_pool{axes}d");
            table.Add(call => Adaptive(call, spatial, "MaxPool"), $"THSTensor_adaptive_max_pool{axes}d");
        }
    }

    private static void Largest(ConversionContext call, int axes)
    {
        long[] kernel = call.PerAxis("kernelSize", axes, 1);
        long[] strides = Strides(call, kernel);
        long[] padding = call.PerAxis("padding", axes, 0);
        long[] dilation = call.PerAxis("dilation", axes, 1);
        call.ReturnBatched(call.Add("MaxPool", [call.Batched("input", axes)],
            Nodes.Attribute("kernel_shape", kernel),
            Nodes.Attribute("strides", strides),
            Nodes.Attribute("pads", [.. padding, .. Behind(call, axes, kernel, strides, padding, dilation)]),
            Nodes.Attribute("dilations", dilation)), "input", axes);
    }

    private static void Average(ConversionContext call, int axes)
    {
        long[] kernel = call.PerAxis("kernelSize", axes, 1);
        long[] strides = Strides(call, kernel);
        long[] padding = call.PerAxis("padding", axes, 0);
        long[] behind = Behind(call, axes, kernel, strides, padding, [.. Enumerable.Repeat(1L, axes)]);
        bool beyond = !behind.SequenceEqual(padding);
        bool padded = padding.Any(pad => pad > 0);
        bool countsPadding = call.Flag("count_include_pad") && padded;
        long divisor = call.Has("divisor_override") ? call.Integer("divisor_override") : 0;
        if (divisor != 0 && beyond)
            throw call.Unsupported("with a divisor and ceil_mode");

        // What lies beyond the padding is never counted: as padding it is out of the count, unless the padding itself is in it.
        bool ceiling = beyond && countsPadding;
        string value = call.Add("AveragePool", [call.Batched("input", axes)],
            Nodes.Attribute("kernel_shape", kernel),
            Nodes.Attribute("strides", strides),
            Nodes.Attribute("pads", [.. padding, .. ceiling ? padding : behind]),
            Nodes.Attribute("ceil_mode", ceiling ? 1L : 0L),
            Nodes.Attribute("count_include_pad", countsPadding || divisor != 0 ? 1L : 0L));
        if (divisor != 0)
            value = call.Add("Mul", [value, call.Constant(call.Result().ElementType, kernel.Aggregate(1.0, (product, extent) => product * extent) / divisor)]);
        call.ReturnBatched(value, "input", axes);
    }

    // TorchSharp leaves the strides out where they are the window's size.
    private static long[] Strides(ConversionContext call, long[] kernel) => call.Integers("strides") is [_, ..] ? call.PerAxis("strides", kernel.Length, 1) : kernel;

    // Padding at the end such that rounding down gives as many windows as TorchSharp has, which with ceil_mode are those that begin within the input or the padding before it.
    private static long[] Behind(ConversionContext call, int axes, long[] kernel, long[] strides, long[] padding, long[] dilation)
    {
        if (!call.Flag("ceil_mode"))
            return padding;
        ImmutableArray<Extent> input = call.Tensor("input").Shape[^axes..];
        ImmutableArray<Extent> output = call.Result().Shape[^axes..];
        return [.. Enumerable.Range(0, axes).Select(axis =>
        {
            long reach = (Fixed(call, output[axis]) - 1) * strides[axis] + dilation[axis] * (kernel[axis] - 1) + 1;
            return Math.Max(padding[axis], reach - Fixed(call, input[axis]) - padding[axis]);
        })];
    }

    internal static void Adaptive(ConversionContext call, int axes, string operation)
    {
        long[] input = [.. call.Tensor("input").Shape[^axes..].Select(extent => Fixed(call, extent))];
        long[] output = [.. call.Result().Shape[^axes..].Select(extent => Fixed(call, extent))];
        string value = call.Batched("input", axes);
        if (input.SequenceEqual(output))
        {
            call.ReturnBatched(value, "input", axes);
            return;
        }
        if (output.All(extent => extent == 1))
        {
            call.ReturnBatched(call.Add($"Global{operation}", [value]), "input", axes);
            return;
        }
        if (Enumerable.Range(0, axes).All(axis => input[axis] % output[axis] == 0))
        {
            long[] window = [.. input.Zip(output, (extent, windows) => extent / windows)];
            call.ReturnBatched(call.Add(operation, [value], Nodes.Attribute("kernel_shape", window), Nodes.Attribute("strides", window)), "input", axes);
            return;
        }
        if (operation != "AveragePool")
            throw call.Unsupported($"with {string.Join("x", input)} values and {string.Join("x", output)} windows, which are of different sizes then,");
        TracedTensor tensor = call.Tensor("input");
        ImmutableArray<Extent> batched = tensor.Rank == axes + 2 ? tensor.Shape : [new Extent(1), .. tensor.Shape];
        call.ReturnBatched(AverageByProduct(call, value, batched, input, output), "input", axes);
    }

    // Windows of different sizes are a matrix: each output is the mean of its window. The windows of an axis are those from floor(i*n/m) to ceil((i+1)*n/m).
    private static string AverageByProduct(ConversionContext call, string value, ImmutableArray<Extent> shape, long[] input, long[] output)
    {
        int rows = (int)input.Aggregate(1L, (product, extent) => product * extent);
        int columns = (int)output.Aggregate(1L, (product, extent) => product * extent);
        float[] matrix = new float[rows * columns];
        for (int column = 0; column < columns; column++)
        {
            (long Start, long End)[] window = new (long, long)[input.Length];
            long rest = column;
            for (int axis = input.Length - 1; axis >= 0; axis--)
            {
                long index = rest % output[axis];
                rest /= output[axis];
                window[axis] = (index * input[axis] / output[axis], ((index + 1) * input[axis] + output[axis] - 1) / output[axis]);
            }
            float weight = (float)(1.0 / window.Aggregate(1.0, (product, range) => product * (range.End - range.Start)));
            for (int row = 0; row < rows; row++)
            {
                long place = row;
                bool inside = true;
                for (int axis = input.Length - 1; axis >= 0; axis--)
                {
                    long index = place % input[axis];
                    place /= input[axis];
                    inside &= index >= window[axis].Start && index < window[axis].End;
                }
                if (inside)
                    matrix[row * columns + column] = weight;
            }
        }
        torch.ScalarType type = call.Result().ElementType;
        ImmutableArray<Extent> flat = [shape[0], shape[1], new Extent(rows)];
        string weights = call.Cast(call.Floats([rows, columns], matrix), torch.ScalarType.Float32, type);
        string product = call.Add("MatMul", [call.Reshape(value, shape, flat), weights]);
        return call.Reshape(product, [shape[0], shape[1], new Extent(columns)], [shape[0], shape[1], .. output.Select(extent => new Extent(extent))]);
    }

    private static long Fixed(ConversionContext call, Extent extent) => extent.IsFixed ? extent.First : throw call.Unsupported($"over an extent that depends on the batch size ({extent})");
}
