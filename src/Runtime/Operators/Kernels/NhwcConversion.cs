using System.Runtime.CompilerServices;

namespace Octet.Runtime.Operators;

/// <summary>Conversion between floats, channel after channel, and bytes, pixel after pixel, in one pass.</summary>
/// <param name="Bytes">How the bytes stand for numbers.</param>
/// <param name="Channels">Channels of an image.</param>
/// <param name="Pixels">Pixels of an image.</param>
internal readonly unsafe record struct NhwcConversion(Quantization Bytes, nint Channels, nint Pixels)
{
    /// <summary>Pixels that are transposed at once: long runs of floats, in the nearest cache.</summary>
    public const int TilePixels = 256;

    /// <summary>Channels that are transposed at once: a cache line of bytes.</summary>
    private const int TileChannels = 64;

    /// <summary>Quantizes some pixels of one image, all channels.</summary>
    /// <param name="image">The image's first float.</param>
    /// <param name="bytes">The image's first byte.</param>
    /// <param name="from">The first pixel.</param>
    /// <param name="to">The one after the last.</param>
    /// <param name="instructions">Which of the supported instruction sets to use.</param>
    public void Quantize(float* image, byte* bytes, nint from, nint to, InstructionSet instructions)
    {
        switch (Bytes.Quantizing(instructions))
        {
            case InstructionSet.Avx512:
                Quantize<Lanes512>(image, bytes, from, to);
                break;
            case InstructionSet.Avx2:
                Quantize<Lanes256>(image, bytes, from, to);
                break;
            default:
                Quantize<Lanes128>(image, bytes, from, to);
                break;
        }
    }

    /// <summary>Dequantizes some pixels of one image, all channels.</summary>
    /// <param name="bytes">The image's first byte.</param>
    /// <param name="image">The image's first float.</param>
    /// <param name="from">The first pixel.</param>
    /// <param name="to">The one after the last.</param>
    /// <param name="instructions">Which of the supported instruction sets to use.</param>
    public void Dequantize(byte* bytes, float* image, nint from, nint to, InstructionSet instructions)
    {
        switch (instructions)
        {
            case InstructionSet.Avx512:
                Dequantize<Lanes512>(bytes, image, from, to);
                break;
            case InstructionSet.Avx2:
                Dequantize<Lanes256>(bytes, image, from, to);
                break;
            default:
                Dequantize<Lanes128>(bytes, image, from, to);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Quantize<TLanes>(float* image, byte* bytes, nint from, nint to) where TLanes : unmanaged, ILanes<TLanes>
    {
        byte* tile = stackalloc byte[TileChannels * TilePixels];
        float* rest = stackalloc float[TLanes.Count];
        for (nint pixel = from; pixel < to; pixel += TilePixels)
        {
            int pixels = (int)Math.Min(TilePixels, to - pixel);
            int whole = pixels - pixels % TLanes.Count;
            for (nint channel = 0; channel < Channels; channel += TileChannels)
            {
                int channels = (int)Math.Min(TileChannels, Channels - channel);
                float* source = image + channel * Pixels + pixel;
                QuantizeRows<TLanes>(source, Pixels, tile, channels, whole);
                for (int row = 0; row < channels && whole < pixels; row++)
                {
                    // A tile's rows have room for a full register.
                    Unsafe.CopyBlockUnaligned(rest, source + row * Pixels + whole, (uint)((pixels - whole) * sizeof(float)));
                    QuantizeRows<TLanes>(rest, 0, tile + row * TilePixels + whole, 1, TLanes.Count);
                }
                ByteTranspose.Apply(tile, TilePixels, bytes + pixel * Channels + channel, Channels, channels, pixels);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void QuantizeRows<TLanes>(float* source, nint stride, byte* tile, int rows, int columns) where TLanes : unmanaged, ILanes<TLanes>
    {
        Quantizer<TLanes> quantizer = new(Bytes);
        for (int row = 0; row < rows; row++, source += stride, tile += TilePixels)
            for (int i = 0; i < columns; i += TLanes.Count)
                quantizer.Store(TLanes.Load(source + i), tile + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Dequantize<TLanes>(byte* bytes, float* image, nint from, nint to) where TLanes : unmanaged, ILanes<TLanes>
    {
        byte* tile = stackalloc byte[TileChannels * TilePixels];
        float* rest = stackalloc float[TLanes.Count];
        for (nint pixel = from; pixel < to; pixel += TilePixels)
        {
            int pixels = (int)Math.Min(TilePixels, to - pixel);
            int whole = pixels - pixels % TLanes.Count;
            for (nint channel = 0; channel < Channels; channel += TileChannels)
            {
                int channels = (int)Math.Min(TileChannels, Channels - channel);
                float* destination = image + channel * Pixels + pixel;
                ByteTranspose.Apply(bytes + pixel * Channels + channel, Channels, tile, TilePixels, pixels, channels);
                DequantizeRows<TLanes>(tile, destination, Pixels, channels, whole);
                for (int row = 0; row < channels && whole < pixels; row++)
                {
                    // A tile's rows have room for a full register.
                    DequantizeRows<TLanes>(tile + row * TilePixels + whole, rest, 0, 1, TLanes.Count);
                    Unsafe.CopyBlockUnaligned(destination + row * Pixels + whole, rest, (uint)((pixels - whole) * sizeof(float)));
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void DequantizeRows<TLanes>(byte* tile, float* destination, nint stride, int rows, int columns) where TLanes : unmanaged, ILanes<TLanes>
    {
        Dequantizer<TLanes> dequantizer = new(Bytes);
        for (int row = 0; row < rows; row++, destination += stride, tile += TilePixels)
            for (int i = 0; i < columns; i += TLanes.Count)
                dequantizer.Load(tile + i).Store(destination + i);
    }
}
