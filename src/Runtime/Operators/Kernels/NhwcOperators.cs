namespace Octet.Runtime.Operators;

/// <summary>The operator QuantizeNhwc: floats with the channels first to bytes with the channels last.</summary>
/// <remarks>
/// With <see cref="DequantizeNhwcOperator"/> it bounds a region that is written channels-last, as ONNX Runtime's integer convolution computes it
/// (com.microsoft QLinearConv with channels_last). ONNX Runtime's layout optimizer moves no Transpose past an operator it does not know.
/// </remarks>
internal sealed class QuantizeNhwcOperator() : CustomOperator("QuantizeNhwc", [ElementType.Float], requiredInputs: 1, ElementType.UInt8)
{
    public override bool IsElementwise => false;

    public override Kernel CreateKernel(KernelInfo info) => new NhwcKernel(info.Quantization(""), quantizes: true);

    public override void InferShape(ShapeInference inference) =>
        inference.PermuteInput(Output, static rank => [0, .. Enumerable.Range(2, Math.Max(0, rank - 2)), .. Enumerable.Range(1, Math.Min(1, rank - 1))]);
}

/// <summary>The operator DequantizeNhwc: bytes with the channels last to floats with the channels first.</summary>
internal sealed class DequantizeNhwcOperator() : CustomOperator("DequantizeNhwc", [ElementType.UInt8], requiredInputs: 1, ElementType.Float)
{
    public override bool IsElementwise => false;

    public override Kernel CreateKernel(KernelInfo info) => new NhwcKernel(info.Quantization(""), quantizes: false);

    public override void InferShape(ShapeInference inference) =>
        inference.PermuteInput(Output, static rank => [0, .. Enumerable.Range(rank - 1, Math.Min(1, rank - 1)), .. Enumerable.Range(1, Math.Max(0, rank - 2))]);
}

internal sealed unsafe class NhwcKernel(Quantization quantization, bool quantizes) : Kernel
{
    public override void Compute(KernelContext context)
    {
        Tensor x = context.Input(0);
        int rank = x.Shape.Rank;
        if (rank < 2)
            throw new OperatorException($"The input has the shape {x.Shape}; it must have an axis of images and one of channels.");
        ReadOnlySpan<long> extents = x.Shape.Extents;
        Shape shape = quantizes
            ? Shape.Of([extents[0], .. extents[2..], extents[1]])
            : Shape.Of([extents[0], extents[^1], .. extents[1..^1]]);
        nint channels = (nint)(quantizes ? extents[1] : extents[^1]);
        nint pixels = quantizes ? x.Shape.Product(2, rank) : x.Shape.Product(1, rank - 1);
        byte* y = context.Output(shape);
        if (shape.Count == 0)
            return;
        var work = new Work(new NhwcConversion(quantization, channels, pixels), quantizes, x.Data, y);
        context.ParallelFor(work, (nint)extents[0] * work.PartsPerImage);
    }

    private readonly struct Work(NhwcConversion conversion, bool quantizes, byte* x, byte* y) : IParallelWork
    {
        private const int Part = 16 * 1024;

        private nint PixelsPerPart => nint.Max(1, Part / (conversion.Channels * NhwcConversion.TilePixels)) * NhwcConversion.TilePixels;

        public nint PartsPerImage => (conversion.Pixels + PixelsPerPart - 1) / PixelsPerPart;

        public void Run(nint part)
        {
            nint image = part / PartsPerImage * conversion.Channels * conversion.Pixels;
            nint from = part % PartsPerImage * PixelsPerPart;
            nint to = nint.Min(from + PixelsPerPart, conversion.Pixels);
            if (quantizes)
                conversion.Quantize((float*)x + image, y + image, from, to, InstructionSets.Best);
            else
                conversion.Dequantize(x + image, (float*)y + image, from, to, InstructionSets.Best);
        }
    }
}
