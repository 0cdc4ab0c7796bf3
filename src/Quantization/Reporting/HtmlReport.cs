using System.Reflection;
using System.Xml.Linq;
using Octet.Quantization.Reporting.Html;

namespace Octet.Quantization.Reporting;

/// <summary>report.html: one file that needs no network and no script.</summary>
public static class HtmlReport
{
    private const string StyleSheet = "Octet.Quantization.Reporting.Html.Report.css";

    /// <summary>Renders the report; line ends are LF.</summary>
    public static string Render(QuantizationReport report)
    {
        report = report.WithLists();
        return Markup.Document(Markup.Tag(
            "html",
            Markup.Attribute("lang", "en"),
            Head(report),
            Markup.Tag(
                "body",
                Markup.Tag("a", Markup.Class("skip"), Markup.Attribute("href", "#main"), "To the models"),
                Masthead(report),
                Markup.Tag(
                    "main",
                    Markup.Attribute("id", "main"),
                    report.Models.IsEmpty ? Markup.Tag("p", "No model was quantized.") : null,
                    report.Models.Select(ModelSection.Render)),
                MachineSection.Render(report))));
    }

    private static XElement Head(QuantizationReport report) => Markup.Tag(
        "head",
        Markup.Tag("meta", Markup.Attribute("charset", "utf-8")),
        Markup.Tag("meta", Markup.Attribute("name", "viewport"), Markup.Attribute("content", "width=device-width, initial-scale=1")),
        Markup.Tag("meta", Markup.Attribute("name", "color-scheme"), Markup.Attribute("content", "light dark")),
        Markup.Tag("title", TextTable.Cut(string.Join(", ", report.Models.Select(model => Wording.OneLine(model.Name)).Append("quantization report")), 100)),
        Markup.Tag("style", Styles()));

    private static XElement Masthead(QuantizationReport report) => Markup.Tag(
        "header",
        Markup.Class("masthead"),
        Markup.Tag("p", Markup.Class("brand"), "Octet"),
        Markup.Tag("h1", Headline(report)),
        Markup.Tag("p", Markup.Class("sub"), Wording.Machine(report)),
        report.Models.Length < 2
            ? null
            : Markup.Tag(
                "nav",
                Markup.Attribute("aria-label", "Models"),
                Markup.Tag("ul", report.Models.Select((model, i) => Markup.Tag(
                    "li",
                    Markup.Tag("a", Markup.Attribute("href", "#" + ModelSection.Anchor(i)), model.Name),
                    Markup.Tag("span", Markup.Class("sub"), Result(model)))))));

    private static string Headline(QuantizationReport report)
    {
        int faster = report.Models.Count(model => Wording.Selected(model) is { } selected && !Wording.IsBaseline(selected));
        return report.Models.Length switch
        {
            0 => "No models",
            1 when faster == 1 => $"{report.Models[0].Name} runs {Format.Typographic.Ratio(Wording.Selected(report.Models[0])!.Speedup)} as fast",
            1 => $"{report.Models[0].Name} stays float",
            int all when faster == 0 => $"All {all} models stay float",
            int all when faster == all => $"All {all} models run faster",
            int all => $"{faster} of {all} models {(faster == 1 ? "runs" : "run")} faster",
        };
    }

    private static string Result(ModelReport model) =>
        Wording.Selected(model) is { } selected && !Wording.IsBaseline(selected) ? $"{selected.Name}, {Format.Typographic.Ratio(selected.Speedup)}" : "float";

    private static string Styles()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(StyleSheet)
            ?? throw new InvalidOperationException($"The resource {StyleSheet} is missing from the assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Replace("\r\n", "\n", StringComparison.Ordinal);
    }
}
