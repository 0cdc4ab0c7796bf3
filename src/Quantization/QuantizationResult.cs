using System.Collections.Immutable;
using Octet.Quantization.Reporting;

namespace Octet.Quantization;

/// <summary>What became of one model.</summary>
/// <param name="Report">The figures and verdicts.</param>
/// <param name="Files">The written files, absolute: variants that ship, the manifest, the probe.</param>
/// <param name="Inputs">The inputs' signature, for documents.</param>
/// <param name="Outputs">The outputs' signature.</param>
public sealed record QuantizationResult(ModelReport Report, ImmutableArray<string> Files, string Inputs, string Outputs);
