namespace Octet.Quantization.Emission;

/// <summary>
/// A matrix in unsigned integers, with a scale and a zero point a block of neighbours in a row: real = scale * (code - zeroPoint). The last block of a
/// row may be short.
/// </summary>
/// <param name="Codes">One a weight, row-major.</param>
/// <param name="Scales">One a block, row-major; negative where the block's largest magnitude is positive and takes the code 0.</param>
/// <param name="ZeroPoints">One a block; null where all are the middle, 2^(bits-1), which then need not be stored.</param>
/// <param name="Rows">Rows of the matrix.</param>
/// <param name="Columns">Its columns.</param>
/// <param name="Bits">8 or 4.</param>
/// <param name="BlockSize">Weights in a block.</param>
public sealed record BlockQuantizedWeights(byte[] Codes, float[] Scales, byte[]? ZeroPoints, int Rows, int Columns, int Bits, int BlockSize)
{
    // Zero points cost room and time: they must lower the squared error by this much to come along.
    private const double WorthwhileError = 0.9;

    // A block of few codes is often better off when its largest weights are clipped.
    private static readonly float[] Shrinks4 = [1, 0.95f, 0.9f, 0.85f, 0.8f];
    private static readonly float[] Shrinks8 = [1];

    /// <summary>Blocks in a row.</summary>
    public int Blocks => (Columns + BlockSize - 1) / BlockSize;

    /// <summary>
    /// Quantizes a matrix. Each block tries symmetric scales and scales with a zero point, and keeps what has the least squared error; zero points are
    /// given up for the whole matrix where they gain little.
    /// </summary>
    /// <param name="weights">Row-major elements, finite.</param>
    /// <param name="rows">Rows; blocks never cross them.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="bits">8 or 4.</param>
    /// <param name="blockSize">Weights in a block.</param>
    public static BlockQuantizedWeights Quantize(float[] weights, int rows, int columns, int bits, int blockSize)
    {
        int blocks = (columns + blockSize - 1) / blockSize;
        (Choice Symmetric, Choice Best)[] choices = new (Choice, Choice)[rows * blocks];
        Parallel.For(0, rows, row =>
        {
            for (int block = 0; block < blocks; block++)
                choices[row * blocks + block] = Choose(Block(weights, row, block), bits);
        });

        bool withZeroPoints = choices.Sum(choice => choice.Best.Error) < WorthwhileError * choices.Sum(choice => choice.Symmetric.Error);
        byte[] codes = new byte[weights.Length];
        Parallel.For(0, rows, row =>
        {
            for (int block = 0; block < blocks; block++)
            {
                Choice choice = withZeroPoints ? choices[row * blocks + block].Best : choices[row * blocks + block].Symmetric;
                int start = row * columns + block * blockSize;
                foreach (float weight in Block(weights, row, block))
                    codes[start++] = (byte)Code(weight, 1 / choice.Scale, choice.ZeroPoint, (1 << bits) - 1);
            }
        });
        return new BlockQuantizedWeights(
            codes,
            [.. choices.Select(choice => withZeroPoints ? choice.Best.Scale : choice.Symmetric.Scale)],
            withZeroPoints ? [.. choices.Select(choice => choice.Best.ZeroPoint)] : null,
            rows,
            columns,
            bits,
            blockSize);

        ReadOnlySpan<float> Block(float[] matrix, int row, int block) => matrix.AsSpan(row * columns + block * blockSize, Math.Min(blockSize, columns - block * blockSize));
    }

    /// <summary>The codes in bytes, two of 4 bits in one with the first in the low half; short blocks are filled with zeros.</summary>
    public byte[] PackBlocks()
    {
        int padded = Blocks * BlockSize;
        byte[] filled = new byte[Rows * padded];
        for (int row = 0; row < Rows; row++)
            Codes.AsSpan(row * Columns, Columns).CopyTo(filled.AsSpan(row * padded));
        return Pack(filled, padded);
    }

    /// <summary>The same without the filling, as look-ups want it.</summary>
    public byte[] PackRows() => Pack(Codes, Columns);

    /// <summary>The zero points, packed like codes; each row begins with a new byte.</summary>
    public byte[] PackZeroPoints() => Pack(ZeroPoints!, Blocks);

    private byte[] Pack(byte[] codes, int width)
    {
        if (Bits == 8)
            return codes;
        int packedWidth = (width + 1) / 2;
        byte[] packed = new byte[Rows * packedWidth];
        for (int row = 0; row < Rows; row++)
            for (int i = 0; i < width; i++)
                packed[row * packedWidth + i / 2] |= (byte)(codes[row * width + i] << (i % 2 * 4));
        return packed;
    }

    private static (Choice Symmetric, Choice Best) Choose(ReadOnlySpan<float> block, int bits)
    {
        (float min, float max) = (0, 0);
        foreach (float weight in block)
            (min, max) = (Math.Min(min, weight), Math.Max(max, weight));
        int middle = 1 << (bits - 1);
        int largest = (1 << bits) - 1;
        // There is one code more below the middle than above: it goes to the side with the largest magnitude.
        float extreme = max > -min ? max : min;
        Choice symmetric = new(1, (byte)middle, double.PositiveInfinity);
        Choice best = symmetric;
        foreach (float shrink in bits == 4 ? Shrinks4 : Shrinks8)
        {
            Try(ref symmetric, block, -extreme * shrink / middle, middle, largest);
            float scale = (max - min) * shrink / largest;
            Try(ref best, block, scale, scale == 0 ? middle : (int)Math.Clamp(MathF.Round(-min * shrink / scale), 0, largest), largest);
        }
        Try(ref symmetric, block, Math.Abs(extreme) / (middle - 1), middle, largest);
        return (symmetric, symmetric.Error <= best.Error ? symmetric : best);
    }

    private static void Try(ref Choice best, ReadOnlySpan<float> block, float scale, int zeroPoint, int largest)
    {
        // A block of zeros (or of denormal numbers) takes any scale.
        if (!float.IsNormal(scale) || !float.IsFinite(1 / scale))
            scale = 1;
        float reciprocal = 1 / scale;
        double error = 0;
        foreach (float weight in block)
        {
            float difference = weight - scale * (Code(weight, reciprocal, zeroPoint, largest) - zeroPoint);
            error += (double)difference * difference;
        }
        if (error < best.Error)
            best = new Choice(scale, (byte)zeroPoint, error);
    }

    private static int Code(float weight, float reciprocal, int zeroPoint, int largest) => (int)Math.Clamp(MathF.Round(weight * reciprocal) + zeroPoint, 0, largest);

    private readonly record struct Choice(float Scale, byte ZeroPoint, double Error);
}
