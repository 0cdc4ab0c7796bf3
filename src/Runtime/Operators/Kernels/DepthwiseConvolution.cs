using System.Buffers;
using System.Runtime.CompilerServices;

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

/// <summary>y = saturate(round((sum((x - x's zero point) * w) + bias) * multiplier) + y's zero point), a window and a filter a channel, channels last.</summary>
/// <remarks>
/// Neighbouring taps of a row are taken in pairs, as processors multiply and add pairs of 16-bit numbers in one instruction. A row of input is once
/// laid out as pairs and read by all windows that it is in. There an image's row is a line of numbers, and a line of filters as long, repeated,
/// lies beside it: nothing depends on the number of channels being a multiple of the register's.
/// Sums are of 32 bits and wrap around, as those of ONNX Runtime do.
/// </remarks>
internal sealed unsafe class DepthwiseConvolution
{
    /// <summary>Pairs that are laid out at once.</summary>
    private const int Group = 16;

    /// <summary>Registers of sums that share a load of weights.</summary>
    private const int Tile = 4;

    // A part's rows of pairs stay in the nearest cache.
    private const int StagedBytes = 32 * 1024;

    // Of many channels a part takes so many, for more columns.
    private const int LargestWhole = 128;
    private const int ChannelBlock = 48;

    // Bytes of output of a piece: enough that the rows it shares with the next one do not matter.
    private const int PieceBytes = 64 * 1024;

    // Bytes of output of a part: small pieces together are worth a thread's while.
    private const int PartBytes = 16 * 1024;

    private readonly WindowAxis _rows, _columns;
    private readonly byte _xZeroPoint, _yZeroPoint;
    private readonly int _channels, _lineChannels, _pairsPerRow, _pairs;
    private readonly short[] _weights;
    private readonly int[] _biases, _paddingSums;
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
        _pairsPerRow = (columns.Kernel + 1) / 2;
        _pairs = rows.Kernel * _pairsPerRow;
        _weights = new short[checked(_lineChannels * _pairs * 2)];
        _biases = new int[_lineChannels];
        _paddingSums = new int[_lineChannels * rows.Kernel];
        _multipliers = new float[_lineChannels];
        int taps = rows.Kernel * columns.Kernel;
        for (int line = 0; line < _lineChannels; line++)
        {
            int channel = line % _channels;
            for (int tap = 0; tap < taps; tap++)
            {
                sbyte weight = weights[channel * taps + tap];
                int row = tap / columns.Kernel, column = tap % columns.Kernel;
                int pair = row * _pairsPerRow + column / 2;
                _weights[((line / Group * _pairs + pair) * Group + line % Group) * 2 + column % 2] = weight;
                _paddingSums[row * _lineChannels + line] += weight * xZeroPoint;
            }
            _biases[line] = biases[channel];
            _multipliers[line] = multipliers[channel];
        }
    }

    public WindowAxis Rows => _rows;

    public WindowAxis Columns => _columns;

    public int Channels => _channels;

    // Channels of a part: all where they are no whole number of groups, as pixels are then not apart in the line.
    private int Block => _lineChannels == _channels && _channels > LargestWhole ? ChannelBlock : _channels;

    // Where a pair of a window is a whole number of windows behind the one before it, windows share pairs; elsewhere each pair of taps has a line.
    private bool SharesPairs => 2 * _columns.Dilation % _columns.Stride == 0;

    /// <summary>How the work on images of some size is cut.</summary>
    public Parts Cut(nint images, nint height, nint width)
    {
        nint rows = _rows.Outputs(height), columns = _columns.Outputs(width);
        nint pixelBytes = nint.Min(_rows.Span, nint.Max(1, height)) * Block * sizeof(int) * (SharesPairs ? 1 : _pairsPerRow);
        nint step = Tile * (_lineChannels / _channels);
        // As many columns as the cache holds, cut evenly.
        nint tile = nint.Max(step, StagedBytes / pixelBytes / step * step);
        tile = nint.Min(columns, Count(Count(columns, Count(columns, tile)), step) * step);
        nint band = nint.Min(rows, nint.Max(1, PieceBytes / nint.Max(1, tile * Block)));
        nint pieces = nint.Max(1, PartBytes / nint.Max(1, tile * band * Block));
        return new Parts(images, height, width, rows, columns, Count(_channels, Block), Count(columns, tile), tile, Count(rows, band), band, pieces);
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
        byte[] memory = ArrayPool<byte>.Shared.Rent(Scratch.Bytes(this, parts.Tile));
        fixed (byte* start = memory)
        {
            var scratch = new Scratch(this, parts.Tile, start);
            nint last = nint.Min((part + 1) * parts.PiecesPerPart, parts.Pieces);
            for (nint piece = part * parts.PiecesPerPart; piece < last; piece++)
                RunPiece<T>(parts, piece, scratch, x, table, y, instructions);
        }
        ArrayPool<byte>.Shared.Return(memory);
    }

    private void RunPiece<T>(in Parts parts, nint piece, Scratch scratch, byte* x, byte* table, byte* y, InstructionSet instructions)
        where T : unmanaged, IPairLanes<T>
    {
        nint channel = piece % parts.Blocks * Block;
        piece /= parts.Blocks;
        nint column = piece % parts.Tiles * parts.Tile;
        piece /= parts.Tiles;
        nint row = piece % parts.Bands * parts.Band;
        nint image = piece / parts.Bands;

        int block = (int)nint.Min(Block, _channels - channel);
        int lineChannels = _lineChannels == _channels ? block : _lineChannels;
        nint linePixels = lineChannels / block;
        nint columns = nint.Min(parts.Tile, parts.Columns - column);
        nint length = Count(columns * block, Tile * lineChannels) * Tile * lineChannels;
        nint pairStep = SharesPairs ? 2 * _columns.Dilation / _columns.Stride * block : scratch.LineLength;

        // Where only whole tiles are computed, nothing is written beyond the line.
        bool isWhole = length == columns * block;
        byte* source = x + image * parts.Height * parts.Width * _channels + channel;
        nint firstPixel = column * _columns.Stride - _columns.Before;
        nint staged = nint.MinValue;
        (nint First, nint Last) taps = (0, -1);
        nint lastRow = nint.Min(row + parts.Band, parts.Rows);
        for (; row < lastRow; row++)
        {
            // The window's rows that are in the image; the others add nothing.
            nint first = row * _rows.Stride - _rows.Before;
            nint firstTap = first >= 0 ? 0 : nint.Min(_rows.Kernel, Count(-first, _rows.Dilation));
            nint lastTap = nint.Max(firstTap, nint.Min(_rows.Kernel, Count(parts.Height - first, _rows.Dilation)));
            if (taps != (firstTap, lastTap))
            {
                taps = (firstTap, lastTap);
                SetBiases(scratch.Biases, (int)channel, lineChannels, firstTap, lastTap);
            }

            for (staged = nint.Max(staged, nint.Max(0, first)); staged < nint.Min(first + _rows.Span, parts.Height); staged++)
            {
                int* pairs = scratch.Staged + staged % _rows.Span * scratch.StagedLength;
                byte* inputRow = source + staged * parts.Width * _channels;
                if (SharesPairs)
                    Stage<T>(inputRow, parts.Width, scratch.Padding, firstPixel, columns + pairStep / block * (_pairsPerRow - 1), block, pairs);
                else
                    for (int pair = 0; pair < _pairsPerRow; pair++)
                        Stage<T>(inputRow, parts.Width, scratch.Padding, firstPixel + 2 * pair * _columns.Dilation, columns, block, pairs + pair * pairStep);
            }

            int offsets = 0;
            for (nint tap = firstTap; tap < lastTap; tap++)
            {
                nint offset = (first + tap * _rows.Dilation) % _rows.Span * scratch.StagedLength;
                for (int pair = 0; pair < _pairsPerRow; pair++, offset += pairStep)
                    scratch.Offsets[offsets++] = offset;
            }
            byte* destination = y + ((image * parts.Rows + row) * parts.Columns + column) * _channels + channel;
            byte* line = isWhole ? destination : scratch.Line;
            nint linePitch = isWhole ? _channels * linePixels : lineChannels;
            Convolve<T>(scratch, offsets, (int)channel, (int)firstTap * _pairsPerRow, lineChannels, length, line, linePitch);
            Write(line, linePitch / linePixels, table, destination, columns, block, instructions);
        }
    }

    /// <summary>The biases less what the zero point adds to the products of these rows of the filters.</summary>
    private void SetBiases(int* biases, int channel, int count, nint firstTap, nint lastTap)
    {
        var sums = new Span<int>(biases, count);
        _biases.AsSpan(channel, count).CopyTo(sums);
        for (nint tap = firstTap; tap < lastTap; tap++)
        {
            ReadOnlySpan<int> padding = _paddingSums.AsSpan((int)tap * _lineChannels + channel, count);
            for (int i = 0; i < sums.Length; i++)
                sums[i] -= padding[i];
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
            if (_columns.Stride == 1 && block == _channels && pixel >= 0 && pixel + _columns.Dilation < width)
                run = nint.Min(count - i, width - _columns.Dilation - pixel);
            Interleave<T>(At(pixel), At(pixel + _columns.Dilation), pairs + i * block, run * block);
            i += run;
            pixel += run * _columns.Stride;
        }

        byte* At(nint column) => column < 0 || column >= width ? padding : row + column * _channels;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Interleave<T>(byte* first, byte* second, int* pairs, nint count) where T : unmanaged, IPairLanes<T>
    {
        nint i = 0;
        for (; i <= count - 4 * Group; i += 4 * Group)
        {
            T.Interleave(first + i, second + i, pairs + i);
            T.Interleave(first + i + Group, second + i + Group, pairs + i + Group);
            T.Interleave(first + i + 2 * Group, second + i + 2 * Group, pairs + i + 2 * Group);
            T.Interleave(first + i + 3 * Group, second + i + 3 * Group, pairs + i + 3 * Group);
        }
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

    /// <summary>Computes a line: the sums of its windows, quantized.</summary>
    /// <param name="scratch">Pairs, where those of a window stand, and biases.</param>
    /// <param name="pairs">How many there are in a window.</param>
    /// <param name="channel">The first channel.</param>
    /// <param name="firstPair">The first pair's place in a filter.</param>
    /// <param name="pitch">Sums from a register to the next one of a tile: the line's channels.</param>
    /// <param name="length">Sums of the line: whole tiles.</param>
    /// <param name="line">Where the line goes to.</param>
    /// <param name="linePitch">Bytes from one register's results to the next one's there.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Convolve<T>(Scratch scratch, int pairs, int channel, int firstPair, nint pitch, nint length, byte* line, nint linePitch)
        where T : unmanaged, IPairLanes<T>
    {
        nint step = Tile * pitch, lineStep = Tile * linePitch;
        nint* offsets = scratch.Offsets;
        fixed (short* weights = _weights)
        fixed (float* multipliers = _multipliers)
        {
            for (nint lane = 0; lane < pitch; lane += T.Count)
            {
                nint first = channel + lane;
                T bias = T.Load(scratch.Biases + lane);
                float* multiplier = multipliers + first;
                int* filter = (int*)weights + (first / Group * _pairs + firstPair) * Group + first % Group;
                byte* y = line + lane;
                nint i = lane;
                // Two tiles, as long as there are: each load of weights is shared by more.
                for (; i < length - step; i += 2 * step, y += 2 * lineStep)
                {
                    Sums<T> near = new(bias), far = new(bias);
                    int* window = scratch.Staged + i;
                    int* weight = filter;
                    int pair = 0;
                    for (; pair <= pairs - 3; pair += 3, weight += 3 * Group)
                    {
                        int* source0 = window + offsets[pair], source1 = window + offsets[pair + 1], source2 = window + offsets[pair + 2];
                        T w0 = T.Load(weight), w1 = T.Load(weight + Group), w2 = T.Load(weight + 2 * Group);
                        near = near.Add(source0, pitch, w0).Add(source1, pitch, w1).Add(source2, pitch, w2);
                        far = far.Add(source0 + step, pitch, w0).Add(source1 + step, pitch, w1).Add(source2 + step, pitch, w2);
                    }
                    for (; pair < pairs; pair++, weight += Group)
                    {
                        int* source = window + offsets[pair];
                        T w = T.Load(weight);
                        near = near.Add(source, pitch, w);
                        far = far.Add(source + step, pitch, w);
                    }
                    near.Store(multiplier, _yZeroPoint, y, linePitch);
                    far.Store(multiplier, _yZeroPoint, y + lineStep, linePitch);
                }
                for (; i < length; i += step, y += lineStep)
                {
                    Sums<T> sums = new(bias);
                    int* window = scratch.Staged + i;
                    int* weight = filter;
                    for (int pair = 0; pair < pairs; pair++, weight += Group)
                        sums = sums.Add(window + offsets[pair], pitch, T.Load(weight));
                    sums.Store(multiplier, _yZeroPoint, y, linePitch);
                }
            }
        }
    }

    /// <summary>Copies a line to where it belongs, or looks it up; without a table a line that is there already is left.</summary>
    private void Write(byte* line, nint linePitch, byte* table, byte* y, nint columns, int block, InstructionSet instructions)
    {
        if (table == null && line == y)
            return;
        nint pixels = block == _channels ? columns : 1;
        for (nint column = 0; column < columns; column += pixels, line += pixels * linePitch, y += pixels * _channels)
        {
            if (table != null)
                LookupTable.Apply(table, line, y, pixels * block, instructions);
            else
                Buffer.MemoryCopy(line, y, pixels * block, pixels * block);
        }
    }

    private static nint Count(nint all, nint part) => part == 0 ? 0 : (all + part - 1) / part;

    private static nint Gcd(nint a, nint b) => b == 0 ? a : Gcd(b, a % b);

    /// <summary>The work cut into images, bands of rows, tiles of columns and blocks of channels; a part is some of these pieces.</summary>
    internal readonly record struct Parts(
        nint Images, nint Height, nint Width, nint Rows, nint Columns, nint Blocks, nint Tiles, nint Tile, nint Bands, nint Band, nint PiecesPerPart)
    {
        public nint Pieces => Images * Bands * Tiles * Blocks;

        public nint Count => (Pieces + PiecesPerPart - 1) / PiecesPerPart;
    }

    /// <summary>A tile: four registers of sums, a pitch apart.</summary>
    private readonly struct Sums<T> where T : unmanaged, IPairLanes<T>
    {
        private readonly T _a0, _a1, _a2, _a3;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Sums(T value) : this(value, value, value, value)
        {
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Sums(T a0, T a1, T a2, T a3) => (_a0, _a1, _a2, _a3) = (a0, a1, a2, a3);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Sums<T> Add(int* pairs, nint pitch, T weights) => new(
            _a0.AddProducts(pairs, weights),
            _a1.AddProducts(pairs + pitch, weights),
            _a2.AddProducts(pairs + 2 * pitch, weights),
            _a3.AddProducts(pairs + 3 * pitch, weights));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store(float* multipliers, int zeroPoint, byte* destination, nint pitch) =>
            T.StoreQuantized(_a0, _a1, _a2, _a3, multipliers, zeroPoint, destination, pitch);
    }

    /// <summary>The memory of a part.</summary>
    private readonly struct Scratch
    {
        private const int Alignment = 64;

        public Scratch(DepthwiseConvolution convolution, nint columns, byte* memory)
        {
            nint block = convolution.Block, lineChannels = LineChannels(convolution);
            LineLength = Length(convolution, columns);
            StagedLength = Length(convolution, columns) + Behind(convolution, columns);
            Staged = (int*)(((nuint)memory + Alignment - 1) / Alignment * Alignment);
            Biases = Staged + convolution._rows.Span * StagedLength;
            Offsets = (nint*)(Biases + lineChannels);
            Line = (byte*)(Offsets + convolution._pairs);
            Padding = Line + LineLength;
            new Span<byte>(Padding, (int)block).Fill(convolution._xZeroPoint);
        }

        /// <summary>The memory that a tile of columns takes.</summary>
        public static int Bytes(DepthwiseConvolution convolution, nint columns)
        {
            nint length = Length(convolution, columns);
            return checked((int)(Alignment + convolution._rows.Span * (length + Behind(convolution, columns)) * sizeof(int)
                + LineChannels(convolution) * sizeof(int) + convolution._pairs * sizeof(nint) + length + convolution.Block));
        }

        private static nint LineChannels(DepthwiseConvolution convolution) =>
            convolution._lineChannels == convolution._channels ? convolution.Block : convolution._lineChannels;

        private static nint Length(DepthwiseConvolution convolution, nint columns)
        {
            nint tile = Tile * LineChannels(convolution);
            return Count(columns * convolution.Block, tile) * tile;
        }

        // What is computed of a line beyond the last column reads what the memory holds.
        private static nint Behind(DepthwiseConvolution convolution, nint columns)
        {
            nint pairs = convolution._pairsPerRow - 1;
            return convolution.SharesPairs
                ? Count(2 * convolution._columns.Dilation / convolution._columns.Stride * pairs * convolution.Block, Group) * Group
                : pairs * Length(convolution, columns);
        }

        /// <summary>Rows of pairs: row i of the image at i modulo the window's span.</summary>
        public int* Staged { get; }

        public nint StagedLength { get; }

        /// <summary>A line of output.</summary>
        public byte* Line { get; }

        public nint LineLength { get; }

        public int* Biases { get; }

        /// <summary>Where each pair of a window stands.</summary>
        public nint* Offsets { get; }

        /// <summary>A pixel of zero points.</summary>
        public byte* Padding { get; }
    }
}
