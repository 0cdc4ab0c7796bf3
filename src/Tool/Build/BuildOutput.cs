using System.Collections.Immutable;
using System.Text;
using Octet.Quantization;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Reporting;
using Octet.Runtime;

namespace Octet.Tool.Build;

/// <summary>What became of one planned model, whether made or restored.</summary>
/// <param name="Link">Where the float model lies in the application's output, '/' between folders.</param>
/// <param name="Report">Its figures.</param>
/// <param name="Files">Its files that ship, absolute.</param>
/// <param name="Inputs">Its inputs' signature.</param>
/// <param name="Outputs">Its outputs' signature.</param>
/// <param name="Diagnostics">What was said of it.</param>
internal sealed record BuiltModel(string Link, ModelReport Report, ImmutableArray<string> Files, string Inputs, string Outputs, ImmutableArray<Diagnostic> Diagnostics);

/// <summary>Writes the files that the MSBuild targets read: the reports, the lists of outputs and models. report.json comes last: it marks success.</summary>
internal static class BuildOutput
{
    /// <summary>Writes everything into the plan's output folder.</summary>
    /// <exception cref="Quantization.Diagnostics.DiagnosticException">OCT5002.</exception>
    public static void Write(string folder, IReadOnlyList<BuiltModel> models)
    {
        QuantizationReport report = new(1, MachineDescription.Current, [.. models.Select(model => WithPaths(model, folder))]);
        StringBuilder outputs = new();
        foreach (BuiltModel model in models)
            foreach (string file in model.Files)
                outputs.Append(file).Append('|').Append(TargetPath(model.Link, file)).Append('\n');

        List<string> reports = [];
        void WriteReport(string name, string text)
        {
            string path = Path.Combine(folder, name);
            AtomicFile.WriteText(path, text);
            reports.Add(path);
        }

        WriteReport("summary.txt", string.Join('\n', SummaryTable.Render(report)) + "\n");
        WriteReport("report.md", MarkdownReport.Render(report));
        WriteReport("report.html", HtmlReport.Render(report));
        WriteReport("models.txt", string.Concat(models.Select(Facts)));
        string json = Path.Combine(folder, "report.json");
        foreach (string path in reports.Append(Path.Combine(folder, "outputs.txt")).Append(json))
            outputs.Append(path).Append("|\n");
        AtomicFile.WriteText(Path.Combine(folder, "outputs.txt"), outputs.ToString());
        AtomicFile.Write(json, stream => ReportJson.Write(stream, report));
    }

    // What the shim's documentation and the analyzer tell of a model.
    private static string Facts(BuiltModel model)
    {
        string verdicts = string.Join(',', model.Report.Variants.Select(variant => $"{variant.Name}={variant.Verdict}"));
        return string.Join('\t', model.Report.Name, model.Report.Selected, model.Inputs, model.Outputs, model.Link, verdicts) + "\n";
    }

    private static string TargetPath(string link, string file)
    {
        string folder = (Path.GetDirectoryName(link) ?? "").Replace('\\', '/');
        return folder.Length == 0 ? Path.GetFileName(file) : $"{folder}/{Path.GetFileName(file)}";
    }

    /// <summary>In the report, a variant's path is relative to the report's folder.</summary>
    private static ModelReport WithPaths(BuiltModel model, string folder) => model.Report with
    {
        Variants =
        [
            .. model.Report.Variants.Select(row => model.Files.FirstOrDefault(file => Path.GetFileName(file) == row.Path) is { } file
                ? row with { Path = Path.GetRelativePath(folder, file).Replace('\\', '/') }
                : row),
        ],
    };
}
