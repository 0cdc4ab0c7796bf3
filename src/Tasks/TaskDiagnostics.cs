using System.Globalization;
using System.Resources;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace Octet.Tasks;

/// <summary>Gives coded errors and warnings with the texts of Messages.resx, so that NoWarn and WarningsAsErrors work.</summary>
/// <param name="log">The task's log.</param>
/// <param name="projectFile">The file that a diagnostic without a file of its own is said of.</param>
internal sealed class TaskDiagnostics(TaskLoggingHelper log, string projectFile)
{
    private const string HelpLinkBase = "https://github.com/octet-net/octet/blob/main/docs/diagnostics/";

    private static readonly ResourceManager Texts = new("Octet.Tasks.Messages", typeof(TaskDiagnostics).Assembly);

    /// <summary>Gives an error of this assembly's codes.</summary>
    public void Error(string code, params object[] arguments) => Report(Severity.Error, code, Format(code, arguments));

    /// <summary>Gives a warning of this assembly's codes.</summary>
    public void Warning(string code, params object[] arguments) => Report(Severity.Warning, code, Format(code, arguments));

    /// <summary>Passes on what the tool said.</summary>
    public void Report(ToolDiagnostic diagnostic) =>
        Report(diagnostic.Severity, diagnostic.Code, diagnostic.Text, diagnostic.File, diagnostic.Line, diagnostic.Column);

    private void Report(Severity severity, string code, string text, string? file = null, int line = 0, int column = 0)
    {
        file ??= projectFile;
        string helpLink = $"{HelpLinkBase}{code}.md";
        switch (severity)
        {
            case Severity.Error:
                log.LogError(null, code, code, helpLink, file, line, column, 0, 0, "{0}", text);
                break;
            case Severity.Warning:
                log.LogWarning(null, code, code, helpLink, file, line, column, 0, 0, "{0}", text);
                break;
            default:
                log.LogMessage(null, code, code, file, line, column, 0, 0, MessageImportance.Normal, "{0}", text);
                break;
        }
    }

    private static string Format(string code, object[] arguments) =>
        string.Format(CultureInfo.InvariantCulture, Texts.GetString(code, CultureInfo.InvariantCulture), arguments);
}
