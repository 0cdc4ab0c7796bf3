using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Octet.Analyzers.Tests;

/// <summary>What every rule carries: texts, a page, a severity that does not break a build by surprise.</summary>
public class RulesTests
{
    public static IReadOnlyList<DiagnosticAnalyzer> Analyzers { get; } = [.. InstancesOf<DiagnosticAnalyzer>(typeof(FloatModelAnalyzer))];

    public static TheoryData<string> Ids => [.. AllRules.Select(rule => rule.Id)];

    private static IEnumerable<DiagnosticDescriptor> AllRules => Analyzers.SelectMany(analyzer => analyzer.SupportedDiagnostics);

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
    [InlineData("OCT0003", DiagnosticSeverity.Info)]
    [InlineData("OCT0004", DiagnosticSeverity.Info)]
    [InlineData("OCT0005", DiagnosticSeverity.Info)]
    [InlineData("OCT0006", DiagnosticSeverity.Info)]
    [InlineData("OCT0007", DiagnosticSeverity.Info)]
    public void Has_its_severity(string id, DiagnosticSeverity severity) => Assert.Equal(severity, Find(id).DefaultSeverity);

    [Fact]
    public void Only_what_a_project_asks_for_by_an_item_warns() =>
        Assert.Equal(["OCT0002"], AllRules.Where(rule => rule.DefaultSeverity > DiagnosticSeverity.Info).Select(rule => rule.Id));

    [Fact]
    public void Code_fixes_are_for_the_rules_that_have_one_and_fix_all()
    {
        CodeFixProvider[] providers = [.. InstancesOf<CodeFixProvider>(typeof(QuantizedModelCodeFixProvider))];
        Assert.Equal(["OCT0002", "OCT0003", "OCT0004", "OCT0005", "OCT0006"], providers.SelectMany(provider => provider.FixableDiagnosticIds).Order());
        Assert.All(providers, provider => Assert.NotNull(provider.GetFixAllProvider()));
    }

    private static DiagnosticDescriptor Find(string id) => AllRules.Single(rule => rule.Id == id);

    private static IEnumerable<T> InstancesOf<T>(Type sibling) =>
        from type in sibling.Assembly.GetTypes()
        where type.IsSubclassOf(typeof(T)) && !type.IsAbstract
        select (T)Activator.CreateInstance(type)!;
}
