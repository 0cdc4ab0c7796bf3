using System.Collections.Concurrent;
using Octet.Quantization.Diagnostics;

namespace Octet.Quantization.Tests.Calibration.Data;

/// <summary>Keeps what is reported.</summary>
internal sealed class DiagnosticLog : IDiagnosticSink
{
    private readonly ConcurrentQueue<Diagnostic> _all = new();

    public IReadOnlyCollection<Diagnostic> All => _all;

    public IEnumerable<string> Codes => _all.Select(static diagnostic => diagnostic.Code);

    public void Report(Diagnostic diagnostic) => _all.Enqueue(diagnostic);

    public string Single(string code) => Assert.Single(_all, diagnostic => diagnostic.Code == code).Text;
}
