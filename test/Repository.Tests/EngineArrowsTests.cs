using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Octet.Repository.Tests;

/// <summary>Which folder of the engine may know which: each stage knows what comes before it, never what comes after.</summary>
public partial class EngineArrowsTests
{
    private const string Engine = "src/Quantization/";

    // Diagnostics is known to all; files directly in the engine's folder are the pipeline and know all.
    private static readonly Dictionary<string, string[]> Table = new()
    {
        ["Diagnostics"] = [],
        ["Onnx"] = [],
        ["Reporting"] = [],
        ["Preparation"] = ["Onnx"],
        ["Calibration"] = ["Onnx"],
        ["Methods"] = ["Onnx", "Calibration"],
        ["Emission"] = ["Onnx", "Preparation", "Calibration", "Methods"],
        ["Measurement"] = ["Onnx", "Calibration", "Methods", "Emission", "Reporting"],
        ["Inspection"] = ["Onnx", "Preparation", "Methods"],
        ["Search"] = ["Onnx", "Preparation", "Calibration", "Methods", "Emission", "Measurement", "Reporting"],
    };

    [Fact]
    public void Folders_know_only_what_comes_before_them() => Problems.AssertNone(
        from file in StageFiles()
        from known in StagesNamedIn(file)
        where known != file.Stage && known != "Diagnostics"
        where !Table.TryGetValue(file.Stage, out string[]? allowed) || !allowed.Contains(known)
        select $"{file.Path}: {file.Stage} must not know {known}");

    [Fact]
    public void Every_folder_has_its_row() =>
        Problems.AssertNone(StageFiles().Select(file => file.Stage).Distinct().Where(stage => !Table.ContainsKey(stage)));

    [Fact]
    public void Namespaces_are_the_folders() => Problems.AssertNone(
        from file in StageFiles()
        let expected = "Octet.Quantization." + string.Join('.', file.Path[Engine.Length..].Split('/')[..^1])
        from declared in Parse(file.Path).DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>()
        where declared.Name.ToString() != expected
        select $"{file.Path}: namespace {declared.Name}, expected {expected}");

    private static IEnumerable<StageFile> StageFiles()
    {
        StageFile[] files = [.. from path in Checkout.FilesUnder(Engine, ".cs") let parts = path[Engine.Length..].Split('/') where parts.Length > 1 select new StageFile(path, parts[0])];
        Assert.NotEmpty(files);
        return files;
    }

    // Comments may name anything (a cref to a later stage explains, it does not couple), so only real names count.
    private static IEnumerable<string> StagesNamedIn(StageFile file) =>
        Parse(file.Path).DescendantNodes()
            .Where(node => node is NameSyntax or MemberAccessExpressionSyntax)
            .Select(node => EngineName().Match(node.ToString()))
            .Where(match => match.Success)
            .Select(match => match.Groups["stage"].Value)
            .Distinct();

    private static SyntaxNode Parse(string path) => CSharpSyntaxTree.ParseText(Checkout.ReadText(path)).GetRoot();

    [GeneratedRegex(@"^(global::)?Octet\.Quantization\.(?<stage>\w+)")]
    private static partial Regex EngineName();

    private sealed record StageFile(string Path, string Stage);
}
