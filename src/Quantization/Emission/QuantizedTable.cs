namespace Octet.Quantization.Emission;

/// <summary>A function of one 8-bit value: QuantizeLinear(f(DequantizeLinear(q))) for each of the 256 values of q.</summary>
internal static class QuantizedTable
{
    /// <summary>Computes the table.</summary>
    /// <param name="function">f.</param>
    /// <param name="input">Scale and zero point of q.</param>
    /// <param name="output">Scale and zero point of the result.</param>
    public static byte[] Of(Func<double, double> function, AffineParameters input, AffineParameters output)
    {
        byte[] table = new byte[byte.MaxValue + 1];
        for (int q = 0; q < table.Length; q++)
        {
            // Between the operators stand 32-bit floats, as in the graph that the table stands for.
            float y = (float)function((q - input.ZeroPoint) * input.Scale);
            float steps = MathF.Round(y / output.Scale, MidpointRounding.ToEven) + output.ZeroPoint;
            table[q] = (byte)Math.Clamp(float.IsNaN(steps) ? 0 : steps, byte.MinValue, byte.MaxValue);
        }
        return table;
    }
}
