using System.Globalization;
using Microsoft.CodeAnalysis;

namespace Octet.Analyzers.Tests;

/// <summary>What every rule carries: texts, a page, a severity that does not break a build by surprise.</summary>
public class RulesTests
{
    public static TheoryData<string> Ids => [.. new FloatModelAnalyzer().SupportedDiagnostics.Select(rule => rule.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Has_texts_and_a_page(string id)
    {
        DiagnosticDescriptor rule = Find(id);
        Assert.NotEmpty(rule.Title.ToString(CultureInfo.InvariantCulture));
        Assert.NotEmpty(rule.MessageFormat.ToString(CultureInfo.InvariantCulture));
        Assert.NotEmpty(rule.Description.ToString(CultureInfo.InvariantCulture));
        Assert.EndsWith($"/docs/diagnostics/{id}.md", rule.HelpLinkUri, StringComparison.Ordinal);
        Assert.True(rule.IsEnabledByDefault);
    }

    [Theory]
    [InlineData("OCT0001", DiagnosticSeverity.Info)]
    [InlineData("OCT0002", DiagnosticSeverity.Warning)]
    public void Has_its_severity(string id, DiagnosticSeverity severity) => Assert.Equal(severity, Find(id).DefaultSeverity);

    [Fact]
    public void The_code_fix_is_for_OCT0002_and_fixes_all()
    {
        var provider = new QuantizedModelCodeFixProvider();
        Assert.Equal("OCT0002", Assert.Single(provider.FixableDiagnosticIds));
        Assert.NotNull(provider.GetFixAllProvider());
    }

    private static DiagnosticDescriptor Find(string id) => new FloatModelAnalyzer().SupportedDiagnostics.Single(rule => rule.Id == id);
}
