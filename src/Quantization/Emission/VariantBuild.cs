using System.Text.Json.Nodes;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Emission;

/// <summary>A variant as it was made.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Model">The model.</param>
/// <param name="Recipe">Everything that decided its bytes.</param>
/// <param name="Emitted">For a static variant, where the float values are found in it.</param>
/// <param name="Static">For a static variant, what it was made from.</param>
public sealed record VariantBuild(string Name, ModelProto Model, JsonObject Recipe, EmittedModel? Emitted = null, StaticRecipe? Static = null);
