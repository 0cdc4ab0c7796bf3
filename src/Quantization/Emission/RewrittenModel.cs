using System.Collections.Immutable;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Emission;

/// <summary>A prepared model after optional passes.</summary>
/// <param name="Model">The model, with the same outputs up to float rounding.</param>
/// <param name="Passes">Names of the passes that it went through.</param>
public sealed record RewrittenModel(ModelProto Model, ImmutableArray<string> Passes);
