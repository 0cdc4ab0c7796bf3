using System.Collections.Immutable;

namespace NetworkRunner;

/// <summary>An input: its name, its extents after the batch, and what it holds: <c>float</c>, <c>bool</c>, or <c>int:20</c> for integers below 20.</summary>
public sealed record CaseInput(string Name, ImmutableArray<long> Extents, string Kind = "float");

/// <summary>A network to export and compare.</summary>
public sealed record CaseRequest(string Type, ImmutableArray<string> Arguments, ImmutableArray<CaseInput> Inputs, long Opset);

/// <summary>What came of it: an error's code and text, or for each output its largest error relative to its largest magnitude, and the operators that were written.</summary>
public sealed record CaseResponse(string? Error, ImmutableDictionary<string, double> Errors, ImmutableArray<string> Operators);
