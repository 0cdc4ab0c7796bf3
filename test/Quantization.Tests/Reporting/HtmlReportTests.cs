using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using CsCheck;
using Octet.Quantization.Reporting;

namespace Octet.Quantization.Tests.Reporting;

public sealed partial class HtmlReportTests
{
    [Fact]
    public void The_file_stands_alone()
    {
        string html = HtmlReport.Render(SampleReports.Typical);
        XElement page = Parse(html);

        Assert.DoesNotMatch("(?i)https?:|//[a-z]|@import|url\\(", html);
        Assert.Empty(page.Descendants("script"));
        Assert.Empty(page.Descendants("link"));
        Assert.DoesNotContain(page.Descendants().Attributes(), attribute => attribute.Name.LocalName.StartsWith("on", StringComparison.Ordinal) || attribute.Name == "src");
        string style = Assert.Single(page.Descendants("style")).Value;
        // Inside a style element a browser does not decode what XML must encode.
        Assert.DoesNotMatch("[<>&]", style);
    }

    [Fact]
    public void Every_variant_stands_in_its_models_table_with_its_figures()
    {
        XElement page = Parse(HtmlReport.Render(SampleReports.Typical));
        XElement[] models = [.. WithClass(page, "article", "model")];

        Assert.Equal(SampleReports.Typical.Models.Length, models.Length);
        foreach ((ModelReport model, XElement article) in SampleReports.Typical.Models.Zip(models))
        {
            XElement[] rows = [.. WithClass(article, "tr", "variant")];
            Assert.Equal(model.Variants.Select(variant => variant.Name), rows.Select(row => WithClass(row, "span", "name").Single().Value));
            Assert.Equal(model.Variants.Select(variant => variant.Verdict), rows.Select(row => WithClass(row, "span", "badge").Last().Value));
            Assert.Equal(model.Selected, WithClass(Assert.Single(rows, row => row.Attribute("class")!.Value.Contains("chosen", StringComparison.Ordinal)), "span", "name").Single().Value);
        }
        string[] int8 = [.. WithClass(models[0], "tr", "variant").ElementAt(1).Elements("td").Select(Words)];
        Assert.Equal(["157 KB", "611 µs ± 6 µs", "1.59× 1.54–1.63", "top1 98.3 % → 98.2 % drop 0.2 %, on 60 inputs", "48/54 4 conversions", "faster"], int8);
    }

    [Fact]
    public void A_lost_variants_reason_is_in_the_page()
    {
        string text = Parse(HtmlReport.Render(SampleReports.Typical)).Value;

        foreach (VariantReport lost in SampleReports.Typical.Models.SelectMany(model => model.Variants).Where(variant => variant.Verdict is "slower" or "failed" or "inaccurate"))
            Assert.Contains(lost.Reason, text, StringComparison.Ordinal);
    }

    [Fact]
    public void Unverified_accuracy_is_marked()
    {
        XElement[] models = [.. WithClass(Parse(HtmlReport.Render(SampleReports.Typical)), "article", "model")];

        Assert.Empty(WithClass(models[0], "span", "is-unverified"));
        // On the card and in two rows, and explained below them.
        Assert.Equal(3, WithClass(models[1], "span", "is-unverified").Count());
        Assert.Contains("Set CalibrationData=", models[1].Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_timed_run_is_a_dot_and_every_picture_has_words()
    {
        XElement article = Parse(HtmlReport.Render(SampleReports.Of(SampleReports.Direction)));

        Assert.Equal(SampleReports.Direction.Variants.Sum(variant => variant.LatenciesMilliseconds.Length), WithClass(article, "circle", "dot").Count());
        foreach (XElement picture in article.Descendants("svg"))
        {
            bool decorative = (string?)picture.Attribute("aria-hidden") == "true";
            bool described = (string?)picture.Attribute("role") == "img" && ((string?)picture.Attribute("aria-label"))?.Length > 10;
            Assert.True(decorative || described);
        }
        Assert.Contains(article.Descendants("svg").Attributes("aria-label"), label => label.Value.StartsWith("int8: median 611 µs, the middle half from", StringComparison.Ordinal));
        // Whoever sees no colours and shapes finds a decorative picture's figures beside it.
        Assert.All(
            WithClass(article, "table", "layer-table").SelectMany(table => table.Element("tbody")!.Elements("tr")),
            row => Assert.Contains("µs", row.Elements("td").Last().Value, StringComparison.Ordinal));
    }

    [Fact]
    public void The_frontier_joins_what_no_other_variant_beats()
    {
        XElement plot = WithClass(Parse(HtmlReport.Render(SampleReports.Of(SampleReports.Direction))), "figure", "frontier").Single();
        double[] ends = [.. WithClass(plot, "line", "front").Select(line => Percent(line, "x2")).Distinct()];

        // float is as accurate as it gets, int8 the fastest; int8-portable and float16 are beaten.
        XElement[] groups = [.. plot.Descendants("g")];
        Assert.Equal(4, groups.Length);
        double X(int index) => Percent(groups[index].Element("circle")!, "cx");
        Assert.Equal([X(0), X(1)], ends);
        Assert.True(X(3) < X(0) && X(0) < X(2) && X(2) < X(1));
    }

    [Fact]
    public void All_layers_are_in_the_page_with_the_worst_open_and_the_rest_to_unfold()
    {
        ModelReport model = SampleReports.Direction with { Layers = SampleReports.Layers(50, 3) };
        XElement page = Parse(HtmlReport.Render(SampleReports.Of(model)));
        XElement[] tables = [.. WithClass(page, "table", "layer-table")];

        Assert.Equal(2, tables.Length);
        Assert.Equal("details", tables[1].Parent!.Name);
        string[] nodes = [.. tables.SelectMany(table => WithClass(table.Element("tbody")!, "span", "node")).Select(node => node.Value)];
        Assert.Equal(model.Layers.Select(layer => layer.Node), nodes);
        Assert.Equal("38 more layers", tables[1].Parent!.Element("summary")!.Value);
    }

    [Fact]
    public void What_stayed_float_is_listed_with_the_recipes_reason_where_it_has_one()
    {
        LayerReport[] layers = [new("Conv_0", "Conv", null, 10, 10, false), new("Softmax_9", "Softmax", null, 5, 5, false), new("Conv_1", "Conv", 30, 5, 2, true)];
        XElement page = Parse(HtmlReport.Render(SampleReports.Of(SampleReports.Direction with { Layers = [.. layers] })));

        XElement section = WithClass(page, "div", "float-layers").Single();
        string[] groups = [.. section.Elements("ul").Select(Words)];
        Assert.Equal(["Conv_0 Conv, 10.0 µs", "Softmax_9 Softmax, 5.00 µs"], groups);
        Assert.Equal(["It is excluded:", "No integer kernel of this ONNX Runtime takes them where they stand:"], section.Elements("p").Select(note => note.Value));
    }

    [Fact]
    public void Recipes_are_folded_and_whole()
    {
        XElement page = Parse(HtmlReport.Render(SampleReports.Of(SampleReports.Direction)));
        XElement recipe = page.Descendants("details").Single(details => details.Element("summary")!.Value == "int8");

        Assert.True(System.Text.Json.Nodes.JsonNode.DeepEquals(SampleReports.Direction.Variants[1].Recipe, System.Text.Json.Nodes.JsonNode.Parse(recipe.Element("pre")!.Value)));
    }

    [Fact]
    public void Hostile_names_are_text()
    {
        const string Hostile = "</style><script>alert(1)</script>\" onload=\"x\" '&amp; \u0001\ud800 ]]> -->";
        ModelReport model = SampleReports.Direction with
        {
            Name = Hostile,
            Source = Hostile,
            Reason = Hostile,
            Selected = Hostile,
            Variants = [.. SampleReports.Direction.Variants.Select(variant => variant with { Name = Hostile, Reason = Hostile, Recipe = new() { [Hostile] = Hostile } })],
            Layers = [new(Hostile, Hostile, 1, 1, 1, true), new(Hostile, Hostile, null, 1, 1, false)],
        };
        QuantizationReport report = SampleReports.Of(model) with { Machine = SampleReports.Machine with { Cpu = Hostile, Features = [Hostile] } };
        string html = HtmlReport.Render(report);
        XElement page = Parse(html);

        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(page.Descendants("script"));
        Assert.DoesNotContain(page.Descendants().Attributes(), attribute => attribute.Name.LocalName.StartsWith("on", StringComparison.Ordinal));
        Assert.Contains("</style><script>alert(1)</script>\" onload=\"x\" '&amp; \ufffd\ufffd ]]> -->", WithClass(page, "article", "model").Single().Descendants("h2").Single().Value, StringComparison.Ordinal);
        Assert.Single(page.Descendants("style"));
    }

    [Fact]
    public void Any_report_makes_a_whole_page() => ArbitraryReports.Any.Sample(
        report =>
        {
            string html = HtmlReport.Render(report);
            XElement page = Parse(html);
            Assert.Equal(html, HtmlReport.Render(report));
            Assert.Equal(report.Models.Length, WithClass(page, "article", "model").Count());
            Assert.Equal(report.Models.Sum(model => model.Variants.Length), WithClass(page, "tr", "variant").Count());
            AssertLinksLead(page);
            foreach (XAttribute coordinate in page.Descendants("svg").Descendants().Attributes().Where(attribute => attribute.Value.EndsWith('%')))
                Assert.InRange(double.Parse(coordinate.Value.TrimEnd('%'), CultureInfo.InvariantCulture), 0, 100);
            foreach (XAttribute coordinate in page.Descendants("svg").Descendants().Attributes().Where(attribute => attribute.Name.LocalName is "y" or "y1" or "y2" or "cy" or "r"))
                Assert.True(double.IsFinite(double.Parse(coordinate.Value, CultureInfo.InvariantCulture)));
        },
        iter: 300);

    [Fact]
    public void Links_lead_somewhere_and_headings_do_not_skip_a_level()
    {
        XElement page = Parse(HtmlReport.Render(SampleReports.Typical));

        AssertLinksLead(page);
        Assert.Single(page.Descendants("h1"));
        int level = 0;
        foreach (XElement heading in page.Descendants().Where(element => Heading().IsMatch(element.Name.LocalName)))
        {
            int own = heading.Name.LocalName[1] - '0';
            Assert.InRange(own, 1, level + 1);
            level = own;
        }
        Assert.Equal("en", page.Attribute("lang")!.Value);
    }

    [Fact]
    public void Colours_of_text_can_be_read_in_light_and_dark()
    {
        string style = Parse(HtmlReport.Render(SampleReports.Of())).Descendants("style").Single().Value;
        int dark = style.IndexOf("prefers-color-scheme: dark", StringComparison.Ordinal);
        foreach (string sheet in new[] { style[..dark], style[dark..] })
        {
            Dictionary<string, string> colours = [];
            foreach (Match match in Colour().Matches(sheet))
                colours.TryAdd(match.Groups[1].Value, match.Groups[2].Value);
            foreach (string text in new[] { "ink", "soft", "baseline", "faster", "slower", "inaccurate", "failed" })
            {
                foreach (string ground in new[] { "paper", "panel" })
                    Assert.True(Contrast(colours[text], colours[ground]) >= 4.5, $"{text} on {ground}");
            }
        }
    }

    [Fact]
    public void The_culture_changes_nothing() => Assert.Equal(
        HtmlReport.Render(SampleReports.Typical),
        ForeignCulture.Run(() => HtmlReport.Render(SampleReports.Typical)));

    [Fact]
    public void A_report_without_models_says_so()
    {
        XElement page = Parse(HtmlReport.Render(SampleReports.Of()));

        Assert.Contains("No model was quantized.", page.Element("body")!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_stays_float_has_no_empty_sections()
    {
        XElement page = Parse(HtmlReport.Render(SampleReports.Of(SampleReports.OnlyFloat)));

        Assert.Equal(["Variants", "Latency"], page.Descendants("h3").Select(heading => heading.Value));
        Assert.Equal("only-float stays float", page.Descendants("h1").Single().Value);
    }

    [Fact]
    public void Variants_without_any_figure_are_rows_without_any_figure()
    {
        ModelReport model = SampleReports.OnlyFloat with { Variants = [SampleReports.Failed("int8", "x"), SampleReports.Failed("float16", "y")], Selected = "" };
        XElement page = Parse(HtmlReport.Render(SampleReports.Of(model)));

        Assert.Equal(["Variants"], page.Descendants("h3").Select(heading => heading.Value));
        Assert.DoesNotContain("NaN", page.Element("body")!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void One_run_that_waited_does_not_squeeze_the_others()
    {
        VariantReport slow = SampleReports.Direction.Variants[0];
        ModelReport model = SampleReports.OnlyFloat with { Variants = [slow with { LatenciesMilliseconds = slow.LatenciesMilliseconds.SetItem(5, 900) }] };
        XElement page = Parse(HtmlReport.Render(SampleReports.Of(model)));

        double[] places = [.. WithClass(page, "circle", "dot").Select(dot => Percent(dot, "cx"))];
        Assert.Equal(100, places.Max());
        Assert.InRange(places.Order().ElementAt(places.Length / 2), 15, 85);
    }

    private static XElement Parse(string html)
    {
        const string DocumentType = "<!doctype html>\n";
        Assert.StartsWith(DocumentType, html, StringComparison.Ordinal);
        return XElement.Parse(html[DocumentType.Length..]);
    }

    private static IEnumerable<XElement> WithClass(XElement root, string name, string style) =>
        root.Descendants(name).Where(element => ((string?)element.Attribute("class") ?? "").Split(' ').Contains(style));

    /// <summary>An element's texts, a space between them.</summary>
    private static string Words(XElement element) => string.Join(' ', element.DescendantNodes().OfType<XText>().Select(text => text.Value.Trim()).Where(text => text.Length > 0));

    private static double Percent(XElement element, string name) => double.Parse(element.Attribute(name)!.Value.TrimEnd('%'), CultureInfo.InvariantCulture);

    private static void AssertLinksLead(XElement page)
    {
        string[] ids = [.. page.Descendants().Attributes("id").Select(id => id.Value)];
        Assert.Equal(ids.Distinct(), ids);
        Assert.All(page.Descendants().Attributes("href"), link => Assert.Contains(link.Value[1..], ids));
        Assert.All(page.Descendants().Attributes("aria-labelledby"), label => Assert.Contains(label.Value, ids));
    }

    /// <summary>WCAG 2.1, contrast ratio of two sRGB colours.</summary>
    private static double Contrast(string first, string second)
    {
        double[] luminances = [Luminance(first), Luminance(second)];
        return (luminances.Max() + 0.05) / (luminances.Min() + 0.05);
    }

    private static double Luminance(string hex)
    {
        double Channel(int start)
        {
            double value = Convert.ToInt32(hex.Substring(start, 2), 16) / 255.0;
            return value <= 0.03928 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
        }
        return 0.2126 * Channel(0) + 0.7152 * Channel(2) + 0.0722 * Channel(4);
    }

    [GeneratedRegex("^h[1-6]$")]
    private static partial Regex Heading();

    [GeneratedRegex("--([a-z]+): #([0-9a-fA-F]{6});")]
    private static partial Regex Colour();
}
