namespace Octet.Quantization;

/// <summary>How far the work on a model is.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Activity">What is being done, in a few words.</param>
public sealed record QuantizationProgress(string Model, string Activity);
