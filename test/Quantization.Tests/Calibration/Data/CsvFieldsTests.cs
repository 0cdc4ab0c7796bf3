using System.Text;
using Octet.Quantization.Calibration.Data;

namespace Octet.Quantization.Tests.Calibration.Data;

public sealed class CsvFieldsTests
{
    [Theory]
    [InlineData("a,b,c", "a|b|c")]
    [InlineData(" a , b ", "a|b")]
    [InlineData("a,,", "a||")]
    [InlineData("\"a,b\",c", "a,b|c")]
    [InlineData(" \"a\"\"b\" ,\"\"", "a\"b|")]
    [InlineData("\"open,c", "\"open,c")]
    [InlineData("a;b", "a|b")]
    [InlineData("a\tb", "a|b")]
    [InlineData("a;b,c", "a;b|c")]
    public void Fields_are_taken_apart(string line, string expected)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(line);
        var fields = new CsvFields(bytes, CsvFields.SeparatorOf(bytes));
        var actual = new List<string>();
        while (fields.TryTake(out ReadOnlySpan<byte> field))
            actual.Add(CsvFields.TextOf(field));
        Assert.Equal(expected, string.Join("|", actual));
    }

    [Fact]
    public void Lines_end_in_any_way_and_may_be_of_any_length_that_is_allowed()
    {
        string longLine = new('7', 200_000);
        byte[] text = [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes($"first\r\n\n# a remark\n{longLine}\n  \nlast")];
        using var lines = new LineReader(new MemoryStream(text));
        var read = new List<(long, string)>();
        while (lines.TryRead(out ReadOnlySpan<byte> line))
            read.Add((lines.LineNumber, Encoding.UTF8.GetString(line)));
        Assert.Equal([(1, "first"), (4, longLine), (6, "last")], read);
        Assert.Equal(text.Length, lines.BytesRead);
    }

    [Fact]
    public void A_line_without_end_is_refused()
    {
        using var lines = new LineReader(new MemoryStream(new byte[2 * LineReader.MaximumLineBytes]));
        Assert.Contains("line 1", Assert.Throws<UnreadableDataException>(() => lines.TryRead(out _)).Message, StringComparison.Ordinal);
    }
}
