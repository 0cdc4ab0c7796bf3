using System.Text.Json.Nodes;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Emission;

/// <summary>A variant as it was made.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Model">The model.</param>
/// <param name="Recipe">Everything that decided its bytes.</param>
/// <param name="Emitted">For a static variant, where the float values are found in it.</param>
/// <param name="Plan">For a static variant, what was quantized.</param>
public sealed record VariantBuild(string Name, ModelProto Model, JsonObject Recipe, EmittedModel? Emitted = null, QuantizationPlan? Plan = null);
