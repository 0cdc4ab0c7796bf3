using CsCheck;
using Octet.Quantization.Emission;

namespace Octet.Quantization.Tests.Emission;

/// <summary>The numbers of weights in blocks, against real = scale * (code - zeroPoint).</summary>
public sealed class BlockQuantizedWeightsTests
{
    private static readonly Gen<(int Rows, int Columns, int Bits, float Shift, int Seed)> Cases =
        Gen.Select(Gen.Int[1, 5], Gen.Int[1, 70], Gen.OneOfConst(4, 8), Gen.OneOfConst(0f, 0.7f, -3f), Gen.Int[0, 1000]);

    [Fact]
    public void Eight_bits_come_back_within_a_step_and_codes_fit() => Cases.Sample(test =>
    {
        float[] weights = Weights(test);
        BlockQuantizedWeights quantized = BlockQuantizedWeights.Quantize(weights, test.Rows, test.Columns, test.Bits, 32);
        for (int i = 0; i < weights.Length; i++)
        {
            int block = i / test.Columns * quantized.Blocks + i % test.Columns / 32;
            Assert.InRange(quantized.Codes[i], 0, (1 << test.Bits) - 1);
            // Half a step of rounding, half a step at an end that has one code less. Four bits may clip the largest weights on purpose.
            if (test.Bits == 8)
                Assert.InRange(Dequantized(quantized, i, block) - weights[i], -1.001 * Math.Abs(quantized.Scales[block]) - 1e-6, 1.001 * Math.Abs(quantized.Scales[block]) + 1e-6);
        }
    }, iter: 200);

    [Fact]
    public void Searching_never_loses_to_the_plain_symmetric_scale() => Cases.Sample(test =>
    {
        float[] weights = Weights(test);
        BlockQuantizedWeights quantized = BlockQuantizedWeights.Quantize(weights, test.Rows, test.Columns, test.Bits, 32);
        double error = 0;
        double plain = 0;
        for (int row = 0; row < test.Rows; row++)
            for (int block = 0; block < quantized.Blocks; block++)
            {
                int[] indices = [.. Enumerable.Range(block * 32, Math.Min(32, test.Columns - block * 32)).Select(column => row * test.Columns + column)];
                int limit = (1 << (test.Bits - 1)) - 1;
                float scale = indices.Max(i => Math.Abs(weights[i])) / limit;
                error += indices.Sum(i => Math.Pow(Dequantized(quantized, i, row * quantized.Blocks + block) - weights[i], 2));
                plain += indices.Sum(i => Math.Pow(Math.Round(weights[i] / scale) * scale - weights[i], 2));
            }
        Assert.True(error <= plain * 1.0001 + 1e-12, $"{error} against {plain}");
    }, iter: 200);

    [Fact]
    public void Zeros_come_back_as_zeros()
    {
        BlockQuantizedWeights quantized = BlockQuantizedWeights.Quantize(new float[40], 1, 40, 4, 32);
        Assert.All(quantized.Codes, code => Assert.Equal(8, code));
        Assert.All(quantized.Scales, scale => Assert.True(scale > 0));
        Assert.Null(quantized.ZeroPoints);
    }

    [Fact]
    public void Two_codes_of_four_bits_share_a_byte_the_first_in_the_low_half()
    {
        BlockQuantizedWeights quantized = new([1, 2, 3, 4, 5, 6], [1, 1], [7, 8], Rows: 2, Columns: 3, Bits: 4, BlockSize: 4);
        Assert.Equal<byte>([0x21, 0x03, 0x54, 0x06], quantized.PackBlocks());
        Assert.Equal<byte>([0x21, 0x03, 0x54, 0x06], quantized.PackRows());
        Assert.Equal<byte>([0x07, 0x08], quantized.PackZeroPoints());
        Assert.Equal<byte>([1, 2, 3, 0, 4, 5, 6, 0], (quantized with { Bits = 8 }).PackBlocks());
        Assert.Equal<byte>([1, 2, 3, 4, 5, 6], (quantized with { Bits = 8 }).PackRows());
    }

    private static float[] Weights((int Rows, int Columns, int Bits, float Shift, int Seed) test) =>
        [.. ((float[])Reference.Tensor("w", [test.Rows, test.Columns], test.Seed).Data).Select(value => value + test.Shift)];

    private static double Dequantized(BlockQuantizedWeights quantized, int index, int block) =>
        (double)quantized.Scales[block] * (quantized.Codes[index] - (quantized.ZeroPoints?[block] ?? 1 << (quantized.Bits - 1)));
}
