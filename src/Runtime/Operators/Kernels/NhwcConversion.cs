using System.Runtime.CompilerServices;

namespace Octet.Runtime.Operators;

/// <summary>Conversion between floats, channel after channel, and bytes, pixel after pixel, in one pass.</summary>
/// <param name="Bytes">How the bytes stand for numbers.</param>
/// <param name="Channels">Channels of an image.</param>
/// <param name="Pixels">Pixels of an image.</param>
internal readonly unsafe record struct NhwcConversion(Quantization Bytes, nint Channels, nint Pixels)
{
    /// <summary>Pixels, and channels, that are transposed at once, in the nearest cache.</summary>
    public const int Tile = 64;

    /// <summary>Quantizes some pixels of one image, all channels.</summary>
    /// <param name="image">The image's first float.</param>
    /// <param name="bytes">The image's first byte.</param>
    /// <param name="from">The first pixel.</param>
    /// <param name="to">The one after the last.</param>
    /// <param name="instructions">Which of the supported instruction sets to use.</param>
    public void Quantize(float* image, byte* bytes, nint from, nint to, InstructionSet instructions)
    {
        switch (instructions)
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
        Quantizer<TLanes> quantizer = new(Bytes);
        byte* tile = stackalloc byte[Tile * Tile];
        float* rest = stackalloc float[TLanes.Count];
        for (nint pixel = from; pixel < to; pixel += Tile)
        {
            int pixels = (int)Math.Min(Tile, to - pixel);
            int whole = pixels / TLanes.Count * TLanes.Count;
            for (nint channel = 0; channel < Channels; channel += Tile)
            {
                int channels = (int)Math.Min(Tile, Channels - channel);
                for (int row = 0; row < channels; row++)
                {
                    float* source = image + (channel + row) * Pixels + pixel;
                    byte* destination = tile + row * Tile;
                    for (int i = 0; i < whole; i += TLanes.Count)
                        quantizer.Store(TLanes.Load(source + i), destination + i);
                    if (whole < pixels)
                    {
                        // A tile's rows have room for a full register.
                        Unsafe.CopyBlockUnaligned(rest, source + whole, (uint)((pixels - whole) * sizeof(float)));
                        quantizer.Store(TLanes.Load(rest), destination + whole);
                    }
                }
                ByteTranspose.Apply(tile, Tile, bytes + pixel * Channels + channel, Channels, channels, pixels);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Dequantize<TLanes>(byte* bytes, float* image, nint from, nint to) where TLanes : unmanaged, ILanes<TLanes>
    {
        Dequantizer<TLanes> dequantizer = new(Bytes);
        byte* tile = stackalloc byte[Tile * Tile];
        float* rest = stackalloc float[TLanes.Count];
        for (nint pixel = from; pixel < to; pixel += Tile)
        {
            int pixels = (int)Math.Min(Tile, to - pixel);
            int whole = pixels / TLanes.Count * TLanes.Count;
            for (nint channel = 0; channel < Channels; channel += Tile)
            {
                int channels = (int)Math.Min(Tile, Channels - channel);
                ByteTranspose.Apply(bytes + pixel * Channels + channel, Channels, tile, Tile, pixels, channels);
                for (int row = 0; row < channels; row++)
                {
                    byte* source = tile + row * Tile;
                    float* destination = image + (channel + row) * Pixels + pixel;
                    for (int i = 0; i < whole; i += TLanes.Count)
                        dequantizer.Load(source + i).Store(destination + i);
                    if (whole < pixels)
                    {
                        // A tile's rows have room for a full register.
                        dequantizer.Load(source + whole).Store(rest);
                        Unsafe.CopyBlockUnaligned(destination + whole, rest, (uint)((pixels - whole) * sizeof(float)));
                    }
                }
            }
        }
    }
}
