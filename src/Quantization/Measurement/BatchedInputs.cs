using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using Octet.Runtime;

namespace Octet.Quantization.Measurement;

/// <summary>A sample with another extent of its batch dimension: what is in it does not change how long a model runs.</summary>
public static class BatchedInputs
{
    /// <summary>Repeats or drops the items of every input whose first extent is dynamic in the model.</summary>
    /// <param name="inputs">A sample.</param>
    /// <param name="metadata">The model's inputs by name.</param>
    /// <param name="batchSize">The wanted extent.</param>
    /// <returns>Inputs with that extent; default where the model fixes the batch at another one.</returns>
    public static ImmutableArray<NamedTensor> Of(ImmutableArray<NamedTensor> inputs, IReadOnlyDictionary<string, NodeMetadata> metadata, int batchSize)
    {
        bool IsBatched(NamedTensor input) => metadata[input.Name].Dimensions is [< 0, ..] && input.Shape[0] > 0;
        if (inputs.Any(IsBatched))
            return [.. inputs.Select(input => IsBatched(input) ? WithBatch(input, batchSize) : input)];
        return inputs.Any(input => !input.Shape.IsEmpty && input.Shape[0] == batchSize) ? inputs : default;
    }

    private static NamedTensor WithBatch(NamedTensor input, int batchSize)
    {
        if (input.Shape[0] == batchSize)
            return input;
        int item = (int)(input.Data.Length / input.Shape[0]);
        Array data = Array.CreateInstance(input.Data.GetType().GetElementType()!, checked(item * batchSize));
        for (int i = 0; i < batchSize; i++)
            Array.Copy(input.Data, i % (int)input.Shape[0] * item, data, i * item, item);
        return new NamedTensor(input.Name, input.Shape.SetItem(0, batchSize), data);
    }
}
