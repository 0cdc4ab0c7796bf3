using Markdig;
using Markdig.Extensions.AutoIdentifiers;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Octet.Repository.Tests;

/// <summary>A document, parsed as the project's host parses it.</summary>
internal sealed class MarkdownFile
{
    private static readonly MarkdownPipeline Pipeline =
        new MarkdownPipelineBuilder().UsePipeTables().UseAutoIdentifiers(AutoIdentifierOptions.GitHub).Build();

    private readonly MarkdownDocument _document;

    public MarkdownFile(string path)
    {
        Path = path;
        Text = Checkout.ReadText(path);
        _document = Markdown.Parse(Text, Pipeline);
    }

    public static IEnumerable<MarkdownFile> All => Checkout.FilesUnder("", ".md").Select(path => new MarkdownFile(path));

    /// <summary>Relative to the root.</summary>
    public string Path { get; }

    public string Text { get; }

    /// <summary>The text of the first heading, as written.</summary>
    public string Title => Headings.FirstOrDefault() ?? "";

    /// <summary>All headings, as written, without the number signs.</summary>
    public IEnumerable<string> Headings =>
        _document.Descendants<HeadingBlock>().Select(heading => Text[heading.Span.Start..(heading.Span.End + 1)].TrimStart('#').Trim());

    /// <summary>What a link may name after '#'.</summary>
    public IEnumerable<string> Anchors => _document.Descendants<HeadingBlock>().Select(heading => heading.GetAttributes().Id ?? "");

    /// <summary>Targets of links and images.</summary>
    public IEnumerable<string> Links => _document.Descendants<LinkInline>().Select(link => link.Url ?? "");

    /// <summary>Lines of code blocks, and code within sentences.</summary>
    public IEnumerable<string> Code =>
        _document.Descendants<CodeBlock>().SelectMany(block => block.Lines.ToString().Split('\n'))
            .Concat(_document.Descendants<CodeInline>().Select(code => code.Content));
}
