using System.Collections.Immutable;

namespace Octet.Runtime;

/// <summary>One run of the float model: what went in and what came out.</summary>
/// <param name="Inputs">One tensor a model input.</param>
/// <param name="Outputs">One tensor a model output.</param>
public sealed record ProbeCase(ImmutableArray<NamedTensor> Inputs, ImmutableArray<NamedTensor> Outputs);
