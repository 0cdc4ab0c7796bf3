using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Diagnostics;

namespace Octet.Quantization.Measurement;

/// <summary>What ONNX Runtime says of a model's inputs and outputs.</summary>
public static class TensorSignature
{
    /// <summary>The inputs that data must be found for, -1 for a dynamic extent; dynamic extents take those of <paramref name="shapes"/> where given.</summary>
    /// <param name="session">The loaded model.</param>
    /// <param name="shapes">Shapes that the user gave, by input.</param>
    /// <param name="modelPath">The model's file, for messages.</param>
    /// <exception cref="DiagnosticException">OCT3010: a given shape names no input, or is not one of the input's.</exception>
    public static ImmutableArray<ModelInput> Inputs(ModelSession session, IReadOnlyDictionary<string, ImmutableArray<long>> shapes, string modelPath)
    {
        if (shapes.Keys.Order(StringComparer.Ordinal).FirstOrDefault(name => !session.Inputs.ContainsKey(name)) is { } unknown)
            throw DiagnosticCatalog.Exception("OCT3010", modelPath, unknown, $"no input has that name, only {string.Join(", ", session.InputNames.Select(name => $"'{name}'"))}");
        return
        [
            .. session.InputNames.Where(name => session.Inputs[name].IsTensor).Select(name =>
            {
                NodeMetadata metadata = session.Inputs[name];
                ModelInput input = new(name, metadata.ElementDataType, [.. metadata.Dimensions.Select(extent => extent < 0 ? -1L : extent)]);
                return shapes.TryGetValue(name, out ImmutableArray<long> given) ? Settle(input, given, modelPath) : input;
            }),
        ];
    }

    private static ModelInput Settle(ModelInput input, ImmutableArray<long> given, string modelPath) =>
        given.Length == input.Rank && input.Dimensions.Zip(given).All(pair => pair.First < 0 || pair.First == pair.Second)
            ? input with { Dimensions = given }
            : throw DiagnosticCatalog.Exception("OCT3010", modelPath, input.Name, $"[{string.Join(",", given)}] is given, but the model takes [{input.DimensionsText}]");

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
