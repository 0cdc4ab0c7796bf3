using System.Collections.Immutable;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Emission;

/// <summary>A quantized model, and where each quantized value of the float model is found in it.</summary>
/// <param name="Model">The quantized model.</param>
/// <param name="Dequantized">For a value of the float model, the value that carries it after quantization.</param>
public sealed record EmittedModel(ModelProto Model, ImmutableDictionary<string, string> Dequantized);
