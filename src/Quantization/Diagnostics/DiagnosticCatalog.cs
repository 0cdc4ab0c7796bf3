using System.Globalization;
using System.Resources;

namespace Octet.Quantization.Diagnostics;

/// <summary>
/// The engine's codes with their texts from Messages.resx. A resource's name is the code; its comment begins with the
/// severity. Severities are repeated here because a resource's comment does not reach the assembly.
/// </summary>
public static class DiagnosticCatalog
{
    private static readonly ResourceManager Texts = new("Octet.Quantization.Diagnostics.Messages", typeof(DiagnosticCatalog).Assembly);

    private static readonly Dictionary<string, DiagnosticSeverity> Severities = new(StringComparer.Ordinal)
    {
        ["OCT2001"] = DiagnosticSeverity.Error,
        ["OCT2002"] = DiagnosticSeverity.Warning,
        ["OCT2003"] = DiagnosticSeverity.Message,
        ["OCT2004"] = DiagnosticSeverity.Warning,
        ["OCT2005"] = DiagnosticSeverity.Error,
        ["OCT2006"] = DiagnosticSeverity.Error,
        ["OCT2007"] = DiagnosticSeverity.Warning,
        ["OCT2008"] = DiagnosticSeverity.Message,
        ["OCT2101"] = DiagnosticSeverity.Error,
        ["OCT2102"] = DiagnosticSeverity.Error,
        ["OCT2103"] = DiagnosticSeverity.Error,
        ["OCT2104"] = DiagnosticSeverity.Error,
        ["OCT2105"] = DiagnosticSeverity.Error,
        ["OCT2106"] = DiagnosticSeverity.Error,
        ["OCT2107"] = DiagnosticSeverity.Error,
        ["OCT2108"] = DiagnosticSeverity.Error,
        ["OCT2109"] = DiagnosticSeverity.Error,
        ["OCT2110"] = DiagnosticSeverity.Error,
        ["OCT2111"] = DiagnosticSeverity.Error,
        ["OCT2112"] = DiagnosticSeverity.Error,
        ["OCT2113"] = DiagnosticSeverity.Error,
        ["OCT2114"] = DiagnosticSeverity.Warning,
        ["OCT2115"] = DiagnosticSeverity.Error,
        ["OCT2116"] = DiagnosticSeverity.Message,
        ["OCT2117"] = DiagnosticSeverity.Error,
        ["OCT2121"] = DiagnosticSeverity.Error,
        ["OCT2122"] = DiagnosticSeverity.Error,
        ["OCT2123"] = DiagnosticSeverity.Error,
        ["OCT2124"] = DiagnosticSeverity.Error,
        ["OCT2125"] = DiagnosticSeverity.Error,
        ["OCT2126"] = DiagnosticSeverity.Error,
        ["OCT2127"] = DiagnosticSeverity.Error,
        ["OCT2131"] = DiagnosticSeverity.Error,
        ["OCT2132"] = DiagnosticSeverity.Error,
        ["OCT2133"] = DiagnosticSeverity.Error,
        ["OCT3001"] = DiagnosticSeverity.Warning,
        ["OCT3002"] = DiagnosticSeverity.Warning,
        ["OCT3003"] = DiagnosticSeverity.Error,
        ["OCT3004"] = DiagnosticSeverity.Error,
        ["OCT3005"] = DiagnosticSeverity.Message,
        ["OCT3006"] = DiagnosticSeverity.Warning,
        ["OCT3007"] = DiagnosticSeverity.Error,
        ["OCT3008"] = DiagnosticSeverity.Error,
        ["OCT3009"] = DiagnosticSeverity.Error,
        ["OCT3010"] = DiagnosticSeverity.Error,
        ["OCT3011"] = DiagnosticSeverity.Error,
        ["OCT3012"] = DiagnosticSeverity.Error,
        ["OCT4001"] = DiagnosticSeverity.Message,
        ["OCT4002"] = DiagnosticSeverity.Message,
        ["OCT4003"] = DiagnosticSeverity.Message,
        ["OCT4004"] = DiagnosticSeverity.Error,
        ["OCT4005"] = DiagnosticSeverity.Message,
        ["OCT4006"] = DiagnosticSeverity.Warning,
        ["OCT5001"] = DiagnosticSeverity.Message,
        ["OCT5002"] = DiagnosticSeverity.Error,
        ["OCT5003"] = DiagnosticSeverity.Message,
        ["OCT5004"] = DiagnosticSeverity.Error,
        ["OCT5005"] = DiagnosticSeverity.Error,
        ["OCT5006"] = DiagnosticSeverity.Error,
        ["OCT9001"] = DiagnosticSeverity.Error,
    };

    /// <summary>Every code of the engine.</summary>
    public static IReadOnlyCollection<string> Codes => Severities.Keys;

    /// <summary>Makes a diagnostic: the code's text with the arguments in its places.</summary>
    /// <exception cref="ArgumentException">The code is not in the catalogue.</exception>
    public static Diagnostic Create(string code, string? file, params object?[] arguments)
    {
        if (!Severities.TryGetValue(code, out DiagnosticSeverity severity) || Texts.GetString(code, CultureInfo.InvariantCulture) is not { } text)
            throw new ArgumentException($"{code} is not a code of the engine.", nameof(code));
        return new Diagnostic(code, severity, string.Format(CultureInfo.InvariantCulture, text, arguments), file);
    }

    /// <summary>The same as an exception, for work that cannot go on.</summary>
    public static DiagnosticException Exception(string code, string? file, params object?[] arguments) => new(Create(code, file, arguments));
}
