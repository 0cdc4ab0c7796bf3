namespace Octet.Runtime;

/// <summary>An interval that holds the true value with a stated confidence, both ends included.</summary>
/// <param name="Low">The lower end, in the unit of the values; negative infinity where nothing is known.</param>
/// <param name="High">The upper end, in the unit of the values; positive infinity where nothing is known.</param>
public readonly record struct ConfidenceInterval(double Low, double High);
