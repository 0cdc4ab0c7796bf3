using CsCheck;
using Octet.Quantization.Reporting;

namespace Octet.Quantization.Tests.Reporting;

public sealed class TextTableTests
{
    [Fact]
    public void Wrapped_text_keeps_its_words_and_its_width() =>
        Gen.Select(Gen.String[Gen.Char['a', 'c'], 1, 12].Array[1, 40], Gen.Int[20, 60]).Sample((words, width) =>
        {
            string text = string.Join(' ', words);
            string[] lines = [.. TextTable.Wrap(text, width, "  ", maximumLines: int.MaxValue)];
            Assert.All(lines, line => Assert.InRange(line.Length, 1, width));
            Assert.Equal(text, string.Join(' ', lines.Select(line => line.Trim())));
        });

    [Fact]
    public void A_text_that_does_not_fit_into_its_lines_shows_that_it_goes_on()
    {
        string[] lines = [.. TextTable.Wrap(string.Join(' ', Enumerable.Repeat("word", 30)), 20, "  ", maximumLines: 2)];

        Assert.Equal(["word word word word", "  word word word..."], lines);
    }

    [Fact]
    public void A_cut_does_not_leave_half_a_character() => Assert.Equal("ab...", TextTable.Cut("ab😀cdefg", 6));

    [Fact]
    public void Columns_are_aligned_and_the_widest_gives_way_first()
    {
        TextColumn[] columns = [new("Name", Minimum: 6), new("N", AlignRight: true)];
        string[] lines = [.. TextTable.Render(columns, [["a", "10"], ["a-long-name", "5"]], 12)];

        Assert.Equal(["Name       N", "--------  --", "a         10", "a-lon...   5"], lines);
    }
}
