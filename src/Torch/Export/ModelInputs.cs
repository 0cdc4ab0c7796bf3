using System.Collections.Immutable;
using TorchSharp;

namespace Octet.Torch.Export;

/// <summary>What an input is fed with.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Dimensions">Its extents, the batch first.</param>
/// <param name="ElementType">Its element type.</param>
/// <param name="Bound">For integers, what they are below: the size of a vocabulary is not known, but too large an index throws.</param>
internal sealed record ModelInput(string Name, ImmutableArray<long> Dimensions, torch.ScalarType ElementType, long Bound)
{
    private bool IsFloatingPoint => ElementType is torch.ScalarType.Float32 or torch.ScalarType.Float64 or torch.ScalarType.Float16 or torch.ScalarType.BFloat16;

    /// <summary>The extents at a batch size; null for those that were given.</summary>
    public long[] Shape(long? batch) => batch is { } size && Dimensions.Length > 0 ? [size, .. Dimensions.Skip(1)] : [.. Dimensions];

    /// <summary>Makes values: normally distributed floats, or evenly distributed integers.</summary>
    /// <param name="batch">The batch size; null for the given one.</param>
    /// <param name="random">Where they come from.</param>
    /// <param name="scale">The standard deviation of floats.</param>
    /// <param name="mean">The mean of floats.</param>
    public torch.Tensor Make(long? batch, Random random, double scale = 1, double mean = 0)
    {
        long[] shape = Shape(batch);
        long count = shape.Aggregate(1L, (product, extent) => checked(product * extent));
        using torch.Tensor values = IsFloatingPoint
            ? torch.tensor(Enumerable.Range(0, checked((int)count)).Select(_ => (float)(mean + scale * Normal(random))).ToArray(), shape)
            : torch.tensor(Enumerable.Range(0, checked((int)count)).Select(_ => random.NextInt64(Bound)).ToArray(), shape);
        return values.to_type(ElementType, copy: true);
    }

    // Box and Muller's transform.
    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}

/// <summary>Finds out what the inputs of a module are: floats, unless it takes none.</summary>
internal static class ModelInputs
{
    private static readonly ImmutableArray<long> Bounds = [1000, 100, 10, 2];

    // So many undeclared inputs are tried in all combinations.
    private const int MostTried = 4;

    /// <summary>Tries the possible element types until forward takes them.</summary>
    /// <param name="inputs">The inputs; their element types where they are known.</param>
    /// <param name="fixedBatch">Whether the batch stays that of the extents.</param>
    /// <param name="forward">Runs the module; throws where it does not take the inputs.</param>
    /// <returns>The inputs with their types; null where none fits, with the exception of the first try.</returns>
    public static (ImmutableArray<ModelInput>? Inputs, Exception? Failure) Find(ImmutableArray<ExportInput> inputs, bool fixedBatch, Action<IReadOnlyList<torch.Tensor>> forward)
    {
        Exception? first = null;
        foreach (ImmutableArray<torch.ScalarType> types in Types(inputs))
        {
            bool integers = types.Any(type => type is torch.ScalarType.Int64 or torch.ScalarType.Int32 or torch.ScalarType.Byte or torch.ScalarType.Int8 or torch.ScalarType.Int16);
            foreach (long bound in integers ? Bounds : [2])
            {
                ImmutableArray<ModelInput> candidate = [.. inputs.Zip(types, (input, type) => new ModelInput(input.Name, input.Dimensions, type, type == torch.ScalarType.Bool ? 2 : Math.Min(bound, type is torch.ScalarType.Int8 or torch.ScalarType.Byte ? 100 : bound)))];
                Random random = new(0);
                torch.Tensor[] tensors = [.. candidate.Select(input => input.Make(fixedBatch ? null : Tracing.Extent.FirstBatch, random))];
                try
                {
                    forward(tensors);
                    return (candidate, null);
                }
                catch (Exception exception) when (exception is not Quantization.Diagnostics.DiagnosticException)
                {
                    first ??= exception;
                }
                finally
                {
                    foreach (torch.Tensor tensor in tensors)
                        tensor.Dispose();
                }
            }
        }
        return (null, first);
    }

    private static IEnumerable<ImmutableArray<torch.ScalarType>> Types(ImmutableArray<ExportInput> inputs)
    {
        int[] unknown = [.. Enumerable.Range(0, inputs.Length).Where(i => inputs[i].ElementType is null)];
        int combinations = unknown.Length <= MostTried ? 1 << unknown.Length : 1;
        foreach (int combination in Enumerable.Range(0, combinations).OrderBy(bits => System.Numerics.BitOperations.PopCount((uint)bits)))
        {
            torch.ScalarType[] types = [.. inputs.Select(input => input.ElementType is { } name ? Enum.Parse<torch.ScalarType>(name, ignoreCase: true) : torch.ScalarType.Float32)];
            for (int bit = 0; bit < unknown.Length; bit++)
                if ((combination >> bit & 1) != 0)
                    types[unknown[bit]] = torch.ScalarType.Int64;
            yield return [.. types];
        }
    }
}
