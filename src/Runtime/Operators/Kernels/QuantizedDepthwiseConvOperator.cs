using System.Runtime.InteropServices;

namespace Octet.Runtime.Operators;

/// <summary>The operator QuantizedDepthwiseConv: a filter a channel, channels last, with a table for what follows.</summary>
/// <remarks>
/// It computes what com.microsoft QLinearConv computes with <c>group</c> as many as channels, bit for bit. ONNX Runtime's kernel for that is slower
/// than its float Conv.
/// </remarks>
internal sealed class QuantizedDepthwiseConvOperator() : CustomOperator(
    "QuantizedDepthwiseConv",
    [ElementType.UInt8, ElementType.Int8, ElementType.Float, ElementType.Int32, ElementType.UInt8],
    requiredInputs: 3,
    ElementType.UInt8)
{
    private const int WeightInput = 1, ScaleInput = 2, BiasInput = 3;

    public override bool IsElementwise => false;

    public override unsafe Kernel CreateKernel(KernelInfo info)
    {
        Quantization x = info.Quantization("x_"), y = info.Quantization("y_");
        Tensor weights = info.Constant(WeightInput, "weights");
        if (weights.Shape.Rank != 4 || weights.Shape[1] != 1 || weights.Shape.Count == 0 || weights.Shape.Count > int.MaxValue)
            throw new OperatorException($"The weights have the shape {weights.Shape}; it must be [channels, 1, height, width].");
        int channels = (int)weights.Shape[0], height = (int)weights.Shape[2], width = (int)weights.Shape[3];
        if (info.Integers("kernel_shape") is { } kernel && !kernel.SequenceEqual([height, width]))
            throw new OperatorException($"The attribute 'kernel_shape' is [{string.Join(',', kernel)}], the weights' shape {weights.Shape}.");

        Tensor scales = info.Constant(ScaleInput, "weights' scales");
        if (scales.Shape.Count != 1 && scales.Shape.Count != channels)
            throw new OperatorException($"The weights' scales have the shape {scales.Shape}; there must be one, or one for each of {channels} channels.");
        var multipliers = new float[channels];
        for (int channel = 0; channel < channels; channel++)
        {
            float scale = ((float*)scales.Data)[scales.Shape.Count == 1 ? 0 : channel];
            multipliers[channel] = x.Scale * scale / y.Scale;
            if (!float.IsFinite(multipliers[channel]))
                throw new OperatorException(FormattableString.Invariant($"x_scale * {scale} / y_scale, of channel {channel}, is no finite number."));
        }

        var biases = new int[channels];
        if (info.HasInput(BiasInput))
        {
            Tensor bias = info.Constant(BiasInput, "biases");
            if (bias.Shape.Count != channels)
                throw new OperatorException($"The biases have the shape {bias.Shape}; there must be one for each of {channels} channels.");
            new ReadOnlySpan<int>(bias.Data, channels).CopyTo(biases);
        }

        long[] pads = Axes(info, "pads", 4, least: 0), strides = Axes(info, "strides", 2, least: 1), dilations = Axes(info, "dilations", 2, least: 1);
        return new QuantizedDepthwiseConvKernel(new DepthwiseConvolution(
            new WindowAxis(height, (int)strides[0], (int)dilations[0], (int)pads[0], (int)pads[2]),
            new WindowAxis(width, (int)strides[1], (int)dilations[1], (int)pads[1], (int)pads[3]),
            new ReadOnlySpan<sbyte>(weights.Data, (int)weights.Shape.Count),
            biases,
            multipliers,
            x.ZeroPoint,
            y.ZeroPoint));
    }

    // The attributes are not known here.
    public override void InferShape(ShapeInference inference)
    {
    }

    /// <summary>An attribute with so many numbers; the least where it is missing.</summary>
    private static long[] Axes(KernelInfo info, string name, int count, long least)
    {
        long[] values = info.Integers(name) ?? [.. Enumerable.Repeat(least, count)];
        return values.Length == count && values.All(value => value >= least && value <= short.MaxValue)
            ? values
            : throw new OperatorException($"The attribute '{name}' is [{string.Join(',', values)}]; it must be {count} integers from {least} to {short.MaxValue}.");
    }
}

internal sealed unsafe class QuantizedDepthwiseConvKernel(DepthwiseConvolution convolution) : Kernel
{
    private const int TableInput = 4;

    public override void Compute(KernelContext context)
    {
        Tensor x = context.Input(0);
        if (x.Shape.Rank != 4 || x.Shape[3] != convolution.Channels)
            throw new OperatorException($"The input has the shape {x.Shape}; it must be [images, height, width, {convolution.Channels}].");
        byte* table = context.HasInput(TableInput) ? LookupTableKernel.TableInput(context, TableInput) : null;
        DepthwiseConvolution.Parts parts = convolution.Cut((nint)x.Shape[0], (nint)x.Shape[1], (nint)x.Shape[2]);
        byte* y = context.Output(Shape.Of([parts.Images, parts.Rows, parts.Columns, convolution.Channels]));

        // Native code carries the work, and knows no objects.
        var handle = GCHandle.Alloc(convolution);
        try
        {
            context.ParallelFor(new Work(handle, parts, x.Data, table, y), parts.Count);
        }
        finally
        {
            handle.Free();
        }
    }

    private readonly struct Work(GCHandle convolution, DepthwiseConvolution.Parts parts, byte* x, byte* table, byte* y) : IParallelWork
    {
        public void Run(nint part) => ((DepthwiseConvolution)convolution.Target!).Run(parts, part, x, table, y, InstructionSets.Best);
    }
}
