using Octet.Quantization.Diagnostics;

namespace Octet.Tool.Output;

/// <summary>Prints diagnostics in canonical form as they come, and remembers them.</summary>
internal sealed class DiagnosticPrinter(Action<string> writeLine) : IDiagnosticSink
{
    private readonly List<Diagnostic> _seen = [];

    /// <summary>Everything that was said so far.</summary>
    public IReadOnlyList<Diagnostic> Seen
    {
        get
        {
            lock (_seen)
                return [.. _seen];
        }
    }

    /// <summary>Whether an error was said.</summary>
    public bool HasErrors => Seen.Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);

    public void Report(Diagnostic diagnostic)
    {
        lock (_seen)
        {
            _seen.Add(diagnostic);
            writeLine(diagnostic.ToCanonicalString());
        }
    }
}
