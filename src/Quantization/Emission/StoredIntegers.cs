namespace Octet.Quantization.Emission;

/// <summary>Names of a tensor in integers, and of what turns it back into floats.</summary>
internal sealed record StoredIntegers(string Values, string Scale, string ZeroPoint);
