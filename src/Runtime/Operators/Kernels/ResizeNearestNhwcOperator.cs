namespace Octet.Runtime.Operators;

/// <summary>The operator ResizeNearestNhwc: every pixel becomes a rectangle of itself.</summary>
internal sealed class ResizeNearestNhwcOperator() : CustomOperator("ResizeNearestNhwc", [ElementType.UInt8], requiredInputs: 1, ElementType.UInt8)
{
    public override bool IsElementwise => false;

    public override Kernel CreateKernel(KernelInfo info) => new ResizeNearestNhwcKernel(Factor(info, "height_factor"), Factor(info, "width_factor"));

    // The factors are attributes, which are not known here.
    public override void InferShape(ShapeInference inference)
    {
    }

    private static nint Factor(KernelInfo info, string name)
    {
        long factor = info.Integer(name);
        return factor is > 0 and <= int.MaxValue
            ? (nint)factor
            : throw new OperatorException(FormattableString.Invariant($"The attribute '{name}' is missing or {factor}; a factor is an integer greater than 0."));
    }
}

internal sealed unsafe class ResizeNearestNhwcKernel(nint heightFactor, nint widthFactor) : Kernel
{
    public override void Compute(KernelContext context)
    {
        Tensor x = context.Input(0);
        if (x.Shape.Rank != 4)
            throw new OperatorException($"The input has the shape {x.Shape}; it must be [images, height, width, channels].");
        ReadOnlySpan<long> extents = x.Shape.Extents;
        Shape shape = Shape.Of([extents[0], extents[1] * heightFactor, extents[2] * widthFactor, extents[3]]);
        byte* y = context.Output(shape);
        if (shape.Count > 0)
            context.ParallelFor(new Work(x.Data, y, (nint)extents[2], (nint)extents[3], heightFactor, widthFactor), (nint)(extents[0] * extents[1]));
    }

    /// <summary>A part is a row of the input.</summary>
    private readonly struct Work(byte* x, byte* y, nint width, nint channels, nint heightFactor, nint widthFactor) : IParallelWork
    {
        public void Run(nint part)
        {
            nint rowBytes = width * channels * widthFactor;
            byte* source = x + part * width * channels;
            byte* row = y + part * heightFactor * rowBytes;
            byte* destination = row;
            for (nint pixel = 0; pixel < width; pixel++, source += channels)
                for (nint copy = 0; copy < widthFactor; copy++, destination += channels)
                    Buffer.MemoryCopy(source, destination, channels, channels);
            for (nint copy = 1; copy < heightFactor; copy++)
                Buffer.MemoryCopy(row, row + copy * rowBytes, rowBytes, rowBytes);
        }
    }
}
