using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Calibration.Data;

namespace Octet.Quantization.Measurement;

/// <summary>What ONNX Runtime says of a model's inputs and outputs.</summary>
public static class TensorSignature
{
    /// <summary>The inputs that data must be found for, -1 for a dynamic extent; dynamic extents take those of <paramref name="shapes"/> where given.</summary>
    public static ImmutableArray<ModelInput> Inputs(ModelSession session, IReadOnlyDictionary<string, ImmutableArray<long>> shapes) =>
    [
        .. session.InputNames.Where(name => session.Inputs[name].IsTensor).Select(name =>
        {
            NodeMetadata metadata = session.Inputs[name];
            long[] dimensions = [.. metadata.Dimensions.Select(extent => extent < 0 ? -1L : extent)];
            if (shapes.TryGetValue(name, out ImmutableArray<long> given) && given.Length == dimensions.Length)
                for (int i = 0; i < dimensions.Length; i++)
                    dimensions[i] = dimensions[i] < 0 ? given[i] : dimensions[i];
            return new ModelInput(name, metadata.ElementDataType, [.. dimensions]);
        }),
    ];

    /// <summary>A signature for documents: <c>x: float[N,3,H,W]</c>, several separated by commas; a dynamic extent by its name, or ?.</summary>
    public static string Describe(IReadOnlyList<string> names, IReadOnlyDictionary<string, NodeMetadata> metadata) =>
        string.Join(", ", names.Select(name => $"{name}: {Describe(metadata[name])}"));

    private static string Describe(NodeMetadata metadata)
    {
        if (!metadata.IsTensor)
            return metadata.OnnxValueType.ToString().ToLowerInvariant();
        IEnumerable<string> extents = metadata.Dimensions.Select((extent, i) =>
            extent >= 0 ? $"{extent}" : metadata.SymbolicDimensions[i] is { Length: > 0 and < 16 } symbol ? symbol : "?");
        return $"{metadata.ElementDataType.ToString().ToLowerInvariant()}[{string.Join(",", extents)}]";
    }
}
