using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime.Tensors;
using Octet.Quantization.Calibration.Data;
using Octet.Runtime;

namespace Octet.Quantization.Measurement;

/// <summary>
/// Inputs made up to measure speed where there is no data. Nothing is calibrated on them, and accuracy measured on them counts as unverified.
/// </summary>
public static class GeneratedInputs
{
    /// <summary>Makes one set of inputs: smooth noise between -1 and 1 for floating-point inputs, zeros for all others.</summary>
    /// <param name="inputs">The model's inputs.</param>
    /// <param name="batchSize">Extent of a dynamic first dimension.</param>
    /// <param name="seed">The same seed gives the same values.</param>
    /// <returns>Null where another dimension is dynamic, so that no shape is known.</returns>
    public static ImmutableArray<NamedTensor>? Create(ImmutableArray<ModelInput> inputs, int batchSize, int seed)
    {
        ImmutableArray<NamedTensor>.Builder tensors = ImmutableArray.CreateBuilder<NamedTensor>(inputs.Length);
        Random random = new(seed);
        foreach (ModelInput input in inputs)
        {
            ImmutableArray<long> shape = [.. input.Dimensions.Select((extent, i) => extent < 0 && i == 0 ? batchSize : extent)];
            if (shape.Any(extent => extent < 0))
                return null;
            long count = shape.Aggregate(1L, (product, extent) => checked(product * extent));
            if (count > Array.MaxLength || Fill(input.ElementType, (int)count, random) is not { } data)
                return null;
            tensors.Add(new NamedTensor(input.Name, shape, data));
        }
        return tensors.ToImmutable();
    }

    private static Array? Fill(TensorElementType type, int count, Random random) => type switch
    {
        TensorElementType.Float => Noise(count, random),
        TensorElementType.Double => Array.ConvertAll(Noise(count, random), value => (double)value),
        TensorElementType.Int8 => new sbyte[count],
        TensorElementType.UInt8 => new byte[count],
        TensorElementType.Int32 => new int[count],
        TensorElementType.Int64 => new long[count],
        TensorElementType.Bool => new bool[count],
        _ => null,
    };

    // Neighbours are alike, as in images and sound; white noise would be filtered away by the first layers.
    private static float[] Noise(int count, Random random)
    {
        float[] values = new float[count];
        float value = 0;
        for (int i = 0; i < count; i++)
        {
            value = 0.95f * value + 0.3f * (random.NextSingle() * 2 - 1);
            values[i] = Math.Clamp(value, -1, 1);
        }
        return values;
    }
}
