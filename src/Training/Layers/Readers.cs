using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Octet.Training.Layers;

/// <summary>
/// Finds out, in the first batch of training, which results the next layer rounds as its input: those that it gets as they are, or clamped, pooled by their maximum, moved or reshaped.
/// Rounding them twice, in steps that are not quite the same, would only lose. An integer kernel rounds its result to what the next one reads.
/// </summary>
internal sealed class Readers
{
    // So many elements of the first sample decide: one that is not among the results is enough.
    private const int Looked = 4096;

    private readonly List<(HashSet<float> Values, ValueQuantizer Quantizer)> _results = [];

    /// <summary>Remembers the result of a layer.</summary>
    public void Written(Tensor result, ValueQuantizer quantizer)
    {
        HashSet<float> values = [.. FirstSample(result), 0, 6];
        _results.Add((values, quantizer));
    }

    /// <summary>Takes the rounding of those results away that the input of a layer consists of.</summary>
    public void Read(Tensor input)
    {
        float[] elements = FirstSample(input);
        int step = Math.Max(1, elements.Length / Looked);
        float[] some = [.. Enumerable.Range(0, elements.Length / step).Select(i => elements[i * step])];
        // Zeros and clamped values could be anybody's.
        if (some.Distinct().Count(value => value is not (0 or 6)) < 2)
            return;
        foreach ((HashSet<float> values, ValueQuantizer quantizer) in _results.Where(result => some.All(result.Values.Contains)).ToArray())
        {
            quantizer.LeaveToReader();
            _results.RemoveAll(result => result.Quantizer == quantizer);
        }
    }

    /// <summary>Forgets what no layer reads as it is; called once the first batch is through.</summary>
    public void Forget() => _results.Clear();

    private static float[] FirstSample(Tensor tensor)
    {
        using (no_grad())
        using (NewDisposeScope())
        {
            Tensor sample = (tensor.dim() > 0 ? tensor[0] : tensor).detach().cpu().to(ScalarType.Float32).contiguous();
            return MemoryMarshal.Cast<byte, float>(sample.bytes).ToArray();
        }
    }
}
