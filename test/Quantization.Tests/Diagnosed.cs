using Octet.Quantization.Diagnostics;

namespace Octet.Quantization.Tests;

/// <summary>Keeps what was said.</summary>
internal sealed class Diagnosed : IDiagnosticSink
{
    public List<Diagnostic> Said { get; } = [];

    public IEnumerable<string> Codes => Said.Select(diagnostic => diagnostic.Code);

    public void Report(Diagnostic diagnostic)
    {
        lock (Said)
            Said.Add(diagnostic);
    }

    /// <summary>The work ends with that code.</summary>
    public static Diagnostic Throws(string code, Action work)
    {
        Diagnostic diagnostic = Assert.Throws<DiagnosticException>(work).Diagnostic;
        Assert.Equal(code, diagnostic.Code);
        return diagnostic;
    }
}
