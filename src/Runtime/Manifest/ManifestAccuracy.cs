namespace Octet.Runtime;

/// <summary>How right a variant is, as the build measured it.</summary>
/// <param name="Metric">sqnr-db, top1 or agreement.</param>
/// <param name="Float">The float model's figure by this metric; null where it is its own reference.</param>
/// <param name="Value">The variant's figure.</param>
/// <param name="Drop">What counts against the allowed drop: 0 is none, 0.01 one hundredth.</param>
/// <param name="Samples">The number of inputs measured.</param>
/// <param name="Verified">False where no real inputs were at hand.</param>
public sealed record ManifestAccuracy(string Metric, double? Float, double Value, double Drop, int Samples, bool Verified);
