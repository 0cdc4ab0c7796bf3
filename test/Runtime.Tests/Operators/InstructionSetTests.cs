using CsCheck;
using Octet.Runtime.Operators;

namespace Octet.Runtime.Tests;

/// <summary>Every instruction set that this processor has gives the same bits as a plain loop, at any length and alignment, and writes nothing beside.</summary>
public sealed unsafe class InstructionSetTests
{
    private const int MaximumOffset = 67;
    private const byte Guard = 0xA5;

    private static readonly Gen<(int Length, int Offset, bool InPlace, uint Seed)> Cases =
        Gen.Select(Gen.Int[0, 700], Gen.Int[0, MaximumOffset], Gen.Bool, Gen.UInt);

    [Fact]
    public void The_best_instruction_set_is_supported_and_the_portable_one_always_is()
    {
        Assert.Contains(InstructionSets.Best, InstructionSets.Supported);
        Assert.Contains(InstructionSet.Portable, InstructionSets.Supported);
    }

    [Fact]
    public void Tables() => Cases.Sample(@case =>
    {
        var random = new Random((int)@case.Seed);
        byte[] table = Random(random, 256), x = Random(random, @case.Length);
        AssertAll(@case.Length, @case.Offset, @case.InPlace, x, i => table[x[i]], (source, y, set) =>
        {
            fixed (byte* entries = table)
                LookupTable.Apply(entries, source, y, @case.Length, set);
        });
    });

    [Fact]
    public void Sums() => Cases.Sample(@case =>
    {
        var random = new Random((int)@case.Seed);
        byte[] a = Random(random, @case.Length), b = Random(random, @case.Length);
        var sum = new QuantizedSum(Any(random), Any(random), Any(random));
        AssertAll(@case.Length, @case.Offset, @case.InPlace, a, i => (byte)Math.Clamp(((long)a[i] * sum.FactorA + (long)b[i] * sum.FactorB + sum.Offset) >> sum.Fraction, 0, 255), (source, y, set) =>
        {
            fixed (byte* other = b)
                sum.Apply(source, other, y, @case.Length, set);
        });
    });

    [Fact]
    public void Products() => Cases.Sample(@case =>
    {
        var random = new Random((int)@case.Seed);
        byte[] x = Random(random, @case.Length);
        float[] factors = [.. x.Select(_ => random.NextSingle() * 4 - 2)];
        var product = new QuantizedProduct(Any(random), Any(random));
        AssertAll(@case.Length, @case.Offset, @case.InPlace, x, i => Quantize(Dequantize(x[i], product.X) * factors[i], product.Y), (source, y, set) =>
        {
            fixed (float* factor = factors)
                product.Apply(source, factor, y, @case.Length, set);
        });
    });

    [Fact]
    public void Conversions() => Gen.Select(Gen.Int[1, 150], Gen.Int[1, 150], Gen.Int[0, 3], Gen.UInt).Sample((channels, pixels, offset, seed) =>
    {
        var random = new Random((int)seed);
        var conversion = new NhwcConversion(Any(random), channels, pixels);
        float[] image = [.. Enumerable.Range(0, channels * pixels).Select(_ => random.Next(40) switch
        {
            0 => float.NaN,
            1 => float.PositiveInfinity,
            2 => -1e38f,
            _ => random.Next(-600, 600) * 0.5f * conversion.Bytes.Scale,
        })];
        byte[] bytes = Random(random, channels * pixels);
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            var quantized = new byte[bytes.Length + 2];
            var dequantized = new float[bytes.Length + 2];
            quantized[^1] = quantized[0] = Guard;
            dequantized[^1] = dequantized[0] = Guard;
            fixed (float* floats = image, restored = dequantized)
            fixed (byte* source = bytes, y = quantized)
            {
                // In two parts, as threads share it.
                int cut = pixels * offset / 3;
                conversion.Quantize(floats, y + 1, cut, pixels, set);
                conversion.Quantize(floats, y + 1, 0, cut, set);
                conversion.Dequantize(source, restored + 1, cut, pixels, set);
                conversion.Dequantize(source, restored + 1, 0, cut, set);
            }
            Assert.Equal((Guard, Guard), (quantized[0], quantized[^1]));
            Assert.Equal(((float)Guard, (float)Guard), (dequantized[0], dequantized[^1]));
            for (int channel = 0; channel < channels; channel++)
            {
                for (int pixel = 0; pixel < pixels; pixel++)
                {
                    Assert.Equal(Quantize(image[channel * pixels + pixel], conversion.Bytes), quantized[1 + pixel * channels + channel]);
                    Assert.Equal(Dequantize(bytes[pixel * channels + channel], conversion.Bytes), dequantized[1 + channel * pixels + pixel]);
                }
            }
        }
    }, iter: 40);

    [Fact]
    public void Depthwise_convolutions() => Gen.Select(Axes, Axes, Gen.Int[1, 130], Gen.Int[1, 2], Gen.Bool, Gen.UInt).Sample((rows, columns, channels, images, looksUp, seed) =>
    {
        var random = new Random((int)seed);
        int taps = rows.Window.Kernel * columns.Window.Kernel;
        byte[] x = Random(random, images * rows.Extent * columns.Extent * channels), table = Random(random, 256);
        sbyte[] weights = [.. Random(random, channels * taps).Select(weight => (sbyte)weight)];
        int[] biases = [.. Enumerable.Range(0, channels).Select(_ => random.Next(-20_000, 20_000))];
        // Also what the conversion to integers could not hold.
        float[] multipliers = [.. biases.Select(_ => MathF.Exp(random.NextSingle() * 4 - 8) * (random.Next(20) == 0 ? 1e30f : 1))];
        byte xZeroPoint = (byte)random.Next(256), yZeroPoint = (byte)random.Next(256);
        var convolution = new DepthwiseConvolution(rows.Window, columns.Window, weights, biases, multipliers, xZeroPoint, yZeroPoint);
        DepthwiseConvolution.Parts parts = convolution.Cut(images, rows.Extent, columns.Extent);
        byte[] expected = new byte[parts.Images * parts.Rows * parts.Columns * channels];
        for (int i = 0; i < expected.Length; i++)
        {
            int channel = i % channels, column = (int)(i / channels % parts.Columns), row = (int)(i / channels / parts.Columns % parts.Rows);
            int image = (int)(i / channels / parts.Columns / parts.Rows), sum = biases[channel];
            for (int tap = 0; tap < taps; tap++)
            {
                int y = At(rows.Window, row, tap / columns.Window.Kernel), z = At(columns.Window, column, tap % columns.Window.Kernel);
                if (y >= 0 && y < rows.Extent && z >= 0 && z < columns.Extent)
                    sum += (x[((image * rows.Extent + y) * columns.Extent + z) * channels + channel] - xZeroPoint) * weights[channel * taps + tap];
            }
            byte result = (byte)Math.Clamp(MathF.Round(sum * multipliers[channel], MidpointRounding.ToEven) + yZeroPoint, 0, 255);
            expected[i] = looksUp ? table[result] : result;
        }
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            byte[] actual = Guarded(expected.Length);
            // Just as long as it must be: a read beyond it would meet the array's end.
            fixed (byte* source = x, destination = actual, entries = table)
                for (nint part = parts.Count - 1; part >= 0; part--)
                    convolution.Run(parts, part, source, looksUp ? entries : null, destination + MaximumOffset, set);
            Assert.Equal(expected, actual.AsSpan(MaximumOffset, expected.Length).ToArray());
            actual.AsSpan(MaximumOffset, expected.Length).Fill(Guard);
            Assert.Equal(Guarded(expected.Length), actual);
        }

        static int At(WindowAxis axis, int output, int tap) => output * axis.Stride - axis.Before + tap * axis.Dilation;
    }, iter: 300);

    private static readonly Gen<(WindowAxis Window, int Extent)> Axes =
        Gen.Select(Gen.Int[1, 7], Gen.Int[1, 4], Gen.Int[1, 3], Gen.Int[0, 4], Gen.Int[0, 4], Gen.Int[1, 40]).Select((kernel, stride, dilation, before, after, extent) =>
            (new WindowAxis(kernel, stride, dilation, before, after), extent));

    /// <summary>A quotient by way of the reciprocal would show here first: its neighbours on both sides of every half round apart.</summary>
    [Fact]
    public void Halves_and_their_neighbours_are_rounded_as_by_division() => Gen.UInt.Sample(seed =>
    {
        var random = new Random((int)seed);
        Quantization bytes = Any(random);
        float[] values = [.. Enumerable.Range(-512, 1024).SelectMany(integer =>
        {
            float half = (integer + 0.5f) * bytes.Scale;
            float below = MathF.BitDecrement(half), above = MathF.BitIncrement(half);
            return new[] { MathF.BitDecrement(below), below, half, above, MathF.BitIncrement(above) };
        })];
        byte[] expected = [.. values.Select(value => Quantize(value, bytes))];
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            var actual = new byte[values.Length];
            fixed (float* image = values)
            fixed (byte* y = actual)
                new NhwcConversion(bytes, 1, values.Length).Quantize(image, y, 0, values.Length, set);
            Assert.Equal(expected, actual);
        }
    }, iter: 100);

    [Fact]
    public void Transposition() => Gen.Select(Gen.Int[0, 70], Gen.Int[0, 70], Gen.UInt).Sample((rows, columns, seed) =>
    {
        byte[] source = Random(new Random((int)seed), rows * (columns + 1));
        var destination = new byte[columns * (rows + 2)];
        fixed (byte* from = source, to = destination)
            ByteTranspose.Apply(from, columns + 1, to, rows + 2, rows, columns);
        for (int column = 0; column < columns; column++)
            for (int row = 0; row < rows + 2; row++)
                Assert.Equal(row < rows ? source[row * (columns + 1) + column] : 0, destination[column * (rows + 2) + row]);
    });

    private delegate void Apply(byte* source, byte* destination, InstructionSet set);

    private static void AssertAll(int length, int offset, bool inPlace, byte[] x, Func<int, byte> expected, Apply apply)
    {
        byte[] y = [.. Enumerable.Range(0, length).Select(expected)];
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            byte[] source = Guarded(length), destination = Guarded(length);
            x.CopyTo(source, offset);
            byte[] result = inPlace ? source : destination;
            fixed (byte* from = source, to = result)
                apply(from + offset, to + offset, set);
            Assert.Equal(y, result.AsSpan(offset, length).ToArray());
            result.AsSpan(offset, length).Fill(Guard);
            Assert.Equal(Guarded(length), result);
        }
    }

    private static byte[] Guarded(int length)
    {
        var bytes = new byte[length + MaximumOffset + 64];
        bytes.AsSpan().Fill(Guard);
        return bytes;
    }

    private static byte[] Random(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    // Ordinary scales, and those that a reciprocal cannot divide by.
    private static Quantization Any(Random random) => new(
        random.Next(8) switch
        {
            0 => MathF.BitDecrement(MathF.ScaleB(1, random.Next(-10, 10))),
            1 => MathF.Exp(random.NextSingle() * 170 - 85),
            2 => MathF.ScaleB(1, random.Next(-10, 10)),
            _ => MathF.Exp(random.NextSingle() * 6 - 5),
        },
        (byte)random.Next(256));

    // QuantizeLinear and DequantizeLinear as ONNX writes them.
    private static float Dequantize(byte value, Quantization quantization) => (value - quantization.ZeroPoint) * quantization.Scale;

    private static byte Quantize(float value, Quantization quantization)
    {
        float scaled = value / quantization.Scale;
        return float.IsNaN(scaled) ? (byte)0 : (byte)Math.Clamp(MathF.Round(scaled, MidpointRounding.ToEven) + quantization.ZeroPoint, 0, 255);
    }
}
