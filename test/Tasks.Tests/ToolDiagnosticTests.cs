namespace Octet.Tasks.Tests;

public class ToolDiagnosticTests
{
    [Theory]
    [InlineData("models/a.onnx : warning OCT3002: A file: bad.", "Warning", "OCT3002", "A file: bad.", "models/a.onnx", 0, 0)]
    [InlineData("octet : error OCT9001: Failed.", "Error", "OCT9001", "Failed.", null, 0, 0)]
    [InlineData("octet : message OCT5001: No cache.", "Message", "OCT5001", "No cache.", null, 0, 0)]
    [InlineData("""C:\a b\x.csv(3,14): error OCT3009: Text.""", "Error", "OCT3009", "Text.", """C:\a b\x.csv""", 3, 14)]
    [InlineData("/a (1)/é.csv(7) : warning OCT3006: ", "Warning", "OCT3006", "", "/a (1)/é.csv", 7, 0)]
    public void A_canonical_line_is_read(string line, string severity, string code, string text, string? file, int lineNumber, int column) =>
        Assert.Equal(new ToolDiagnostic(Enum.Parse<Severity>(severity), code, text, file, lineNumber, column), ToolDiagnostic.TryParse(line));

    [Theory]
    [InlineData("calibrating 3 of 300")]
    [InlineData("a.onnx : warning CS0168: Not ours.")]
    [InlineData("a.onnx : hint OCT3002: No such severity.")]
    [InlineData("warning OCT3002: no file")]
    [InlineData("")]
    public void Other_lines_are_not(string line) => Assert.Null(ToolDiagnostic.TryParse(line));
}
