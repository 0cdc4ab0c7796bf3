using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Octet.Runtime.Operators;

/// <summary>Where a window stands along one axis.</summary>
/// <param name="Kernel">Taps.</param>
/// <param name="Stride">Pixels from one window to the next.</param>
/// <param name="Dilation">Pixels from one tap to the next.</param>
/// <param name="Before">Pixels of padding before the image.</param>
/// <param name="After">Pixels of padding behind it.</param>
internal readonly record struct WindowAxis(int Kernel, int Stride, int Dilation, int Before, int After)
{
    /// <summary>Pixels from the first tap to the last, both counted.</summary>
    public nint Span => (nint)(Kernel - 1) * Dilation + 1;

    /// <summary>How many windows stand in an image.</summary>
    public nint Outputs(nint extent) => extent + Before + After < Span ? 0 : (extent + Before + After - Span) / Stride + 1;
}

/// <summary>y = saturate(round(sum((x - x's zero point) * w) + bias) * multiplier) + y's zero point), a window and a filter a channel, channels last.</summary>
/// <remarks>
/// Neighbouring taps of a row are taken in pairs, as processors multiply and add pairs of 16-bit numbers in one instruction. A row of input is once
/// laid out as pairs and read by all windows that it is in. There an image's row is a line of numbers, and a line of filters as long, repeated,
/// lies beside it: nothing depends on the number of channels being a multiple of the register's.
/// </remarks>
internal sealed unsafe class DepthwiseConvolution
{
    /// <summary>Pairs that are laid out at once.</summary>
    private const int Group = 16;

    /// <summary>Registers of sums that share a load of weights.</summary>
    private const int Tile = 4;

    // A part's rows of pairs stay in the nearest cache.
    private const int StagedBytes = 32 * 1024;
    private const int LargestBlock = 128;

    // Bytes of output of a part: enough to be worth a thread's while and the rows that it shares with the next part.
    private const int PartBytes = 64 * 1024;

    private readonly WindowAxis _rows, _columns;
    private readonly byte _xZeroPoint, _yZeroPoint;
    private readonly int _channels, _lineChannels, _pairs;
    private readonly short[] _weights;
    private readonly int[] _biases;
    private readonly float[] _multipliers;

    /// <summary>Packs the filters.</summary>
    /// <param name="rows">The vertical window.</param>
    /// <param name="columns">The horizontal window.</param>
    /// <param name="weights">[channels, rows' taps, columns' taps].</param>
    /// <param name="biases">One a channel.</param>
    /// <param name="multipliers">What a channel's sum is multiplied by; finite.</param>
    /// <param name="xZeroPoint">The input's zero point; padding counts so.</param>
    /// <param name="yZeroPoint">The output's.</param>
    public DepthwiseConvolution(
        WindowAxis rows, WindowAxis columns, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> biases, ReadOnlySpan<float> multipliers, byte xZeroPoint, byte yZeroPoint)
    {
        (_rows, _columns, _xZeroPoint, _yZeroPoint) = (rows, columns, xZeroPoint, yZeroPoint);
        _channels = multipliers.Length;
        // So many pixels are a whole number of groups.
        int pixels = Group / (int)Gcd(_channels, Group);
        _lineChannels = _channels * pixels;
        int pairsPerRow = (columns.Kernel + 1) / 2;
        _pairs = rows.Kernel * pairsPerRow;
        _weights = new short[_lineChannels * _pairs * 2];
        _biases = new int[_lineChannels];
        _multipliers = new float[_lineChannels];
        int taps = rows.Kernel * columns.Kernel;
        for (int line = 0; line < _lineChannels; line++)
        {
            int channel = line % _channels, sum = 0;
            for (int tap = 0; tap < taps; tap++)
            {
                sbyte weight = weights[channel * taps + tap];
                int row = tap / columns.Kernel, column = tap % columns.Kernel;
                int pair = row * pairsPerRow + column / 2;
                _weights[((line / Group * _pairs + pair) * Group + line % Group) * 2 + column % 2] = weight;
                sum += weight;
            }
            _biases[line] = biases[channel] - sum * xZeroPoint;
            _multipliers[line] = multipliers[channel];
        }
    }

    public WindowAxis Rows => _rows;

    public WindowAxis Columns => _columns;

    public int Channels => _channels;

    // Channels of a part: all where they are no whole number of groups, as pixels are then not apart in the line.
    private int Block => _lineChannels == _channels ? Math.Min(_channels, LargestBlock) : _channels;

    // Where a pair of a window is a whole number of windows behind the one before it, windows share pairs; elsewhere each pair of taps has a line.
    private bool SharesPairs => 2 * _columns.Dilation % _columns.Stride == 0;

    /// <summary>How the work on images of some size is cut.</summary>
    public Parts Cut(nint images, nint height, nint width)
    {
        nint rows = _rows.Outputs(height), columns = _columns.Outputs(width);
        nint pixelBytes = _rows.Span * Block * sizeof(int) * (SharesPairs ? 1 : (_columns.Kernel + 1) / 2);
        nint step = Tile * (_lineChannels / _channels);
        nint tile = nint.Min(columns, nint.Max(step, StagedBytes / pixelBytes / step * step));
        nint band = nint.Min(rows, nint.Max(1, PartBytes / nint.Max(1, tile * Block)));
        return new Parts(images, height, width, rows, columns, (_channels + Block - 1) / Block, Count(columns, tile), tile, Count(rows, band), band);

        static nint Count(nint all, nint part) => part == 0 ? 0 : (all + part - 1) / part;
    }

    /// <summary>Computes one part of the output.</summary>
    /// <param name="parts">How the work is cut.</param>
    /// <param name="part">Which part.</param>
    /// <param name="x">The images: [n, height, width, channels].</param>
    /// <param name="table">256 bytes that the results go through, or null.</param>
    /// <param name="y">The output: [n, rows, columns, channels].</param>
    /// <param name="instructions">Which of the supported instruction sets to use.</param>
    public void Run(in Parts parts, nint part, byte* x, byte* table, byte* y, InstructionSet instructions)
    {
        switch (instructions)
        {
            case InstructionSet.Avx512:
                Run<PairLanes512>(parts, part, x, table, y, instructions);
                break;
            case InstructionSet.Avx2:
                Run<PairLanes256>(parts, part, x, table, y, instructions);
                break;
            default:
                Run<PairLanes128>(parts, part, x, table, y, instructions);
                break;
        }
    }

    private void Run<T>(in Parts parts, nint part, byte* x, byte* table, byte* y, InstructionSet instructions) where T : unmanaged, IPairLanes<T>
    {
        nint channel = part % parts.Blocks * Block;
        part /= parts.Blocks;
        nint column = part % parts.Tiles * parts.Tile;
        part /= parts.Tiles;
        nint row = part % parts.Bands * parts.Band;
        nint image = part / parts.Bands;

        int block = (int)nint.Min(Block, _channels - channel);
        nint columns = nint.Min(parts.Tile, parts.Columns - column);
        nint lastRow = nint.Min(row + parts.Band, parts.Rows);

        // The output's line: whole tiles of it are computed.
        int lineChannels = _lineChannels == _channels ? block : _lineChannels;
        nint linePixels = lineChannels / block;
        nint tileLength = Tile * (nint)lineChannels;
        nint lineLength = (columns * block + tileLength - 1) / tileLength * tileLength;
        int pairsPerRow = (_columns.Kernel + 1) / 2;
        nint pairStep = SharesPairs ? 2 * _columns.Dilation / _columns.Stride * block : lineLength + Group;
        nint stagedLength = pairStep * (pairsPerRow - 1) + lineLength + Group;
        nint slots = _rows.Span;

        nuint bytes = (nuint)(slots * stagedLength * sizeof(int) + lineLength + _pairs * sizeof(nint) + block + 64);
        var staged = (int*)NativeMemory.AlignedAlloc(bytes, 64);
        try
        {
            byte* line = (byte*)(staged + slots * stagedLength);
            var offsets = (nint*)(line + lineLength);
            byte* padding = (byte*)(offsets + _pairs);
            new Span<byte>(padding, block).Fill(_xZeroPoint);

            byte* source = x + image * parts.Height * parts.Width * _channels + channel;
            nint firstPixel = column * _columns.Stride - _columns.Before;
            nint next = nint.MinValue;
            for (; row < lastRow; row++)
            {
                nint first = row * _rows.Stride - _rows.Before;
                for (next = nint.Max(next, first); next < first + _rows.Span; next++)
                {
                    int* slot = staged + Modulo(next, slots) * stagedLength;
                    byte* inputRow = next >= 0 && next < parts.Height ? source + next * parts.Width * _channels : null;
                    if (SharesPairs)
                        Stage<T>(inputRow, parts.Width, padding, firstPixel, columns + pairStep / block * (pairsPerRow - 1), block, slot);
                    else
                        for (int pair = 0; pair < pairsPerRow; pair++)
                            Stage<T>(inputRow, parts.Width, padding, firstPixel + 2 * pair * _columns.Dilation, columns, block, slot + pair * pairStep);
                }
                for (int pair = 0; pair < _pairs; pair++)
                    offsets[pair] = Modulo(first + pair / pairsPerRow * _rows.Dilation, slots) * stagedLength + pair % pairsPerRow * pairStep;

                Convolve<T>(staged, offsets, (int)channel, lineChannels, lineLength, line);
                byte* destination = y + ((image * parts.Rows + row) * parts.Columns + column) * _channels + channel;
                Write(line, table, destination, columns, block, instructions);
            }
        }
        finally
        {
            NativeMemory.AlignedFree(staged);
        }
    }

    /// <summary>Lays pairs out: the pixels first, first + stride, ..., each with the one a dilation behind it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Stage<T>(byte* row, nint width, byte* padding, nint first, nint count, int block, int* pairs) where T : unmanaged, IPairLanes<T>
    {
        nint pixel = first;
        for (nint i = 0; i < count;)
        {
            nint run = 1;
            // In the image's inside the row is a line like that of the pairs.
            if (row != null && _columns.Stride == 1 && block == _channels && pixel >= 0 && pixel + _columns.Dilation < width)
                run = nint.Min(count - i, width - _columns.Dilation - pixel);
            Interleave<T>(At(pixel), At(pixel + _columns.Dilation), pairs + i * block, run * block);
            i += run;
            pixel += run * _columns.Stride;
        }

        byte* At(nint column) => row == null || column < 0 || column >= width ? padding : row + column * _channels;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Interleave<T>(byte* first, byte* second, int* pairs, nint count) where T : unmanaged, IPairLanes<T>
    {
        nint i = 0;
        for (; i <= count - Group; i += Group)
            T.Interleave(first + i, second + i, pairs + i);
        if (i == count)
            return;
        if (count >= Group)
            T.Interleave(first + count - Group, second + count - Group, pairs + count - Group);
        else
            for (; i < count; i++)
                pairs[i] = first[i] | second[i] << 16;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Convolve<T>(int* staged, nint* offsets, int channel, int lineChannels, nint length, byte* line) where T : unmanaged, IPairLanes<T>
    {
        nint pitch = lineChannels, step = Tile * pitch;
        int pairs = _pairs;
        fixed (short* weights = _weights)
        fixed (int* biases = _biases)
        fixed (float* multipliers = _multipliers)
        {
            for (int lane = 0; lane < lineChannels; lane += T.Count)
            {
                int first = channel + lane;
                T bias = T.Load(biases + first);
                float* multiplier = multipliers + first;
                int* filter = (int*)weights + first / Group * Group * pairs + first % Group;
                for (nint i = lane; i < length; i += step)
                {
                    T a0 = bias, a1 = bias, a2 = bias, a3 = bias;
                    int* window = staged + i;
                    int* weight = filter;
                    for (int pair = 0; pair < pairs; pair++, weight += Group)
                    {
                        T w = T.Load(weight);
                        int* source = window + offsets[pair];
                        a0 = a0.AddProducts(source, w);
                        a1 = a1.AddProducts(source + pitch, w);
                        a2 = a2.AddProducts(source + 2 * pitch, w);
                        a3 = a3.AddProducts(source + 3 * pitch, w);
                    }
                    T.StoreQuantized(a0, a1, a2, a3, multiplier, _yZeroPoint, line + i, pitch);
                }
            }
        }
    }

    private void Write(byte* line, byte* table, byte* y, nint columns, int block, InstructionSet instructions)
    {
        nint run = block == _channels ? columns * block : block;
        for (nint written = 0; written < columns * block; written += run, y += _channels)
        {
            if (table != null)
                LookupTable.Apply(table, line + written, y, run, instructions);
            else
                Buffer.MemoryCopy(line + written, y, run, run);
        }
    }

    private static nint Modulo(nint value, nint divisor)
    {
        nint rest = value % divisor;
        return rest < 0 ? rest + divisor : rest;
    }

    private static nint Gcd(nint a, nint b) => b == 0 ? a : Gcd(b, a % b);

    /// <summary>The work cut into images, bands of rows, tiles of columns and blocks of channels.</summary>
    internal readonly record struct Parts(
        nint Images, nint Height, nint Width, nint Rows, nint Columns, nint Blocks, nint Tiles, nint Tile, nint Bands, nint Band)
    {
        public nint Count => Images * Bands * Tiles * Blocks;
    }
}
