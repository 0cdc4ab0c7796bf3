namespace Octet.Quantization.Diagnostics;

/// <summary>How much a diagnostic weighs for a build.</summary>
public enum DiagnosticSeverity
{
    /// <summary>Worth knowing, nothing to do.</summary>
    Message,

    /// <summary>The result may not be what the user expects.</summary>
    Warning,

    /// <summary>The work could not be done.</summary>
    Error,
}

/// <summary>One coded statement to the user: what happened, why, and what to do.</summary>
/// <param name="Code">OCT and four digits; each has a page docs/diagnostics/{Code}.md.</param>
/// <param name="Severity">How much it weighs.</param>
/// <param name="Text">The whole sentence, without the code.</param>
/// <param name="File">The file that it speaks of, where there is one.</param>
public sealed record Diagnostic(string Code, DiagnosticSeverity Severity, string Text, string? File = null)
{
    /// <summary>The form that MSBuild and editors understand: <c>file : warning OCT3002: text</c>.</summary>
    public string ToCanonicalString()
    {
        string severity = Severity switch
        {
            DiagnosticSeverity.Error => "error",
            DiagnosticSeverity.Warning => "warning",
            _ => "message",
        };
        return $"{File ?? "octet"} : {severity} {Code}: {Text}";
    }
}

/// <summary>Takes diagnostics as they arise. Implementations are thread-safe.</summary>
public interface IDiagnosticSink
{
    /// <summary>Takes one diagnostic.</summary>
    void Report(Diagnostic diagnostic);
}

/// <summary>Work that cannot go on, with the diagnostic that says so.</summary>
public sealed class DiagnosticException(Diagnostic diagnostic, Exception? inner = null) : Exception(diagnostic.Text, inner)
{
    /// <summary>What the user is told.</summary>
    public Diagnostic Diagnostic { get; } = diagnostic;
}
