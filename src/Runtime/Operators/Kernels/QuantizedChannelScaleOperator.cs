namespace Octet.Runtime.Operators;

/// <summary>The operator QuantizedChannelScale: each channel times its own factor, as in squeeze-and-excitation (Hu et al. 2018).</summary>
internal sealed class QuantizedChannelScaleOperator()
    : CustomOperator("QuantizedChannelScale", [ElementType.UInt8, ElementType.UInt8], requiredInputs: 2, ElementType.UInt8)
{
    public override Kernel CreateKernel(KernelInfo info) => new QuantizedChannelScaleKernel(
        info.Quantization("s_"), new QuantizedProduct(info.Quantization("x_"), info.Quantization("y_")), info.Integer("channels_last") != 0);
}

internal sealed unsafe class QuantizedChannelScaleKernel(Quantization scales, QuantizedProduct product, bool channelsLast) : Kernel
{
    public override void Compute(KernelContext context)
    {
        Tensor x = context.Input(0), s = context.Input(1);
        int rank = x.Shape.Rank;
        if (rank < 2)
            throw new OperatorException($"The input has the shape {x.Shape}; it must have an axis of images and one of channels.");
        nint images = (nint)x.Shape[0];
        nint channels = (nint)(channelsLast ? x.Shape[rank - 1] : x.Shape[1]);
        nint pixels = channelsLast ? x.Shape.Product(1, rank - 1) : x.Shape.Product(2, rank);
        if (s.Shape.Count != images * channels)
            throw new OperatorException($"The factors have the shape {s.Shape}; there must be one for each of {images} images with {channels} channels.");
        byte* y = context.Output(x.Shape);
        if (x.Shape.Count == 0)
            return;

        var factors = new float[images * channels];
        for (nint i = 0; i < factors.Length; i++)
            factors[i] = (s.Data[i] - scales.ZeroPoint) * scales.Scale;
        fixed (float* factor = factors)
        {
            if (channelsLast)
            {
                var work = new ChannelsLast(product, factor, x.Data, y, channels, pixels);
                context.ParallelFor(work, images * work.PartsPerImage);
            }
            else
            {
                var work = new ChannelsFirst(product, factor, x.Data, y, images * channels, pixels);
                context.ParallelFor(work, work.Parts);
            }
        }
    }

    /// <summary>Every row of pixels is multiplied by the same row of factors.</summary>
    private readonly struct ChannelsLast(QuantizedProduct product, float* factors, byte* x, byte* y, nint channels, nint pixels) : IParallelWork
    {
        private const int Part = 16 * 1024;

        // Few channels are repeated, so that a row is worth a call.
        private const int Row = 1024;

        private nint PixelsPerPart => nint.Max(1, Part / channels);

        public nint PartsPerImage => (pixels + PixelsPerPart - 1) / PixelsPerPart;

        public void Run(nint part)
        {
            nint image = part / PartsPerImage;
            nint from = part % PartsPerImage * PixelsPerPart;
            nint to = nint.Min(from + PixelsPerPart, pixels);
            nint pixelsPerRow = nint.Min(to - from, nint.Max(1, Row / channels));
            float* row = factors + image * channels;
            float* repeated = stackalloc float[pixelsPerRow > 1 ? Row : 0];
            if (pixelsPerRow > 1)
            {
                for (nint pixel = 0; pixel < pixelsPerRow; pixel++)
                    new ReadOnlySpan<float>(row, (int)channels).CopyTo(new Span<float>(repeated + pixel * channels, (int)channels));
                row = repeated;
            }
            for (nint pixel = from; pixel < to; pixel += pixelsPerRow)
            {
                nint start = (image * pixels + pixel) * channels;
                product.Apply(x + start, row, y + start, nint.Min(pixelsPerRow, to - pixel) * channels, InstructionSets.Best);
            }
        }
    }

    /// <summary>Every plane has one factor: a large plane is a look-up in the 256 products, of small ones several are multiplied at once.</summary>
    private readonly struct ChannelsFirst(QuantizedProduct product, float* factors, byte* x, byte* y, nint planes, nint pixels) : IParallelWork
    {
        private const int Part = 16 * 1024;

        // From here on 256 products and the look-ups take less time than the products of all.
        private const int LargePlane = 512;

        private nint PlanesPerPart => nint.Max(1, Part / pixels);

        public nint Parts => (planes + PlanesPerPart - 1) / PlanesPerPart;

        public void Run(nint part)
        {
            nint from = part * PlanesPerPart;
            nint to = nint.Min(from + PlanesPerPart, planes);
            if (pixels >= LargePlane)
                LookUp(from, to);
            else
                Multiply(from, to);
        }

        private void LookUp(nint from, nint to)
        {
            byte* all = stackalloc byte[LookupTable.Length];
            byte* products = stackalloc byte[LookupTable.Length];
            float* factor = stackalloc float[LookupTable.Length];
            for (int value = 0; value < LookupTable.Length; value++)
                all[value] = (byte)value;
            for (nint plane = from; plane < to; plane++)
            {
                new Span<float>(factor, LookupTable.Length).Fill(factors[plane]);
                product.Apply(all, factor, products, LookupTable.Length, InstructionSets.Best);
                LookupTable.Apply(products, x + plane * pixels, y + plane * pixels, pixels, InstructionSets.Best);
            }
        }

        private void Multiply(nint from, nint to)
        {
            nint planesPerRow = 2 * LargePlane / pixels;
            float* row = stackalloc float[2 * LargePlane];
            for (nint plane = from; plane < to; plane += planesPerRow)
            {
                nint count = nint.Min(planesPerRow, to - plane);
                for (nint i = 0; i < count; i++)
                    new Span<float>(row + i * pixels, (int)pixels).Fill(factors[plane + i]);
                product.Apply(x + plane * pixels, row, y + plane * pixels, count * pixels, InstructionSets.Best);
            }
        }
    }
}
