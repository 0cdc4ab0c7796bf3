using System.Collections.Immutable;
using Octet.Runtime;

namespace Octet;

/// <summary>The variant chosen on this machine, and why.</summary>
public sealed record Selection
{
    /// <summary>The model's name.</summary>
    public required string Model { get; init; }

    /// <summary>The chosen variant's name; <c>float</c> is the model itself.</summary>
    public required string Variant { get; init; }

    /// <summary>Why it was chosen, in words and figures.</summary>
    public required string Reason { get; init; }

    /// <summary>Full path of the chosen variant's file.</summary>
    public required string Path { get; init; }

    /// <summary>Whether the choice is an earlier start's, made under the same conditions.</summary>
    public bool FromCache { get; init; }

    /// <summary>Every variant that the build made, the float model first; empty where there is no manifest.</summary>
    public ImmutableArray<SelectionCandidate> Candidates { get; init; } = [];

    /// <summary>
    /// Intra-operator threads that <see cref="QuantizedModel.CreateSession"/> uses where it is given no options: the number that the build found to be faster than
    /// ONNX Runtime's own choice; null for that choice.
    /// </summary>
    public int? RecommendedThreads { get; init; }

    /// <summary>Whether the chosen variant needs <see cref="QuantizedOperators"/>; <see cref="QuantizedModel.CreateSession"/> registers them.</summary>
    public bool CustomOperators { get; init; }

    /// <summary>Full path of the float model, which is used where the chosen variant cannot be opened after all.</summary>
    internal string FloatPath { get; init; } = "";

    /// <summary>The choice and the whole table, several lines fit for a log; <c>*</c> marks the chosen variant.</summary>
    public override string ToString() => SelectionTable.Render(this);
}
