namespace Octet.Tasks.Tests;

public sealed class PathPatternsTests : IDisposable
{
    private readonly ProjectFolder _project = new();

    public PathPatternsTests()
    {
        foreach (string file in new[] { "data/b.png", "data/a.PNG", "data/10.png", "data/9.png", "data/up/c.png", "data/up/deep/d.npy", "data/notes.txt", "data/labels.csv", "gz/a.CSV.GZ", "gz/b.gz" })
            _project.Write(file);
    }

    public void Dispose() => _project.Dispose();

    [Theory]
    [InlineData("data/b.png", "data/b.png")]
    [InlineData("data/*.png", "data/10.png data/9.png data/a.PNG data/b.png")]
    [InlineData("data\\?.png", "data/9.png data/a.PNG data/b.png")]
    [InlineData("./data/../data/*.csv", "data/labels.csv")]
    [InlineData("data/*/*.png", "data/up/c.png")]
    [InlineData("data/**/*.png", "data/10.png data/9.png data/a.PNG data/b.png data/up/c.png")]
    [InlineData("**/deep/**", "data/up/deep/d.npy")]
    [InlineData("d*/u?/**/*.n*", "data/up/deep/d.npy")]
    [InlineData("**/up/**/deep/**/*", "data/up/deep/d.npy")]
    [InlineData("data/*", "data/10.png data/9.png data/a.PNG data/b.png data/labels.csv data/notes.txt")]
    public void A_pattern_gives_files_in_ordinal_order(string pattern, string expected) => Assert.Equal(expected, Expand(pattern));

    [Fact]
    public void A_folder_gives_the_data_files_below_it() =>
        Assert.Equal("data/10.png data/9.png data/a.PNG data/b.png data/labels.csv data/up/c.png data/up/deep/d.npy", Expand("data"));

    [Fact]
    public void An_ending_may_have_two_parts() => Assert.Equal("gz/a.CSV.GZ", Expand("gz/"));

    [Fact]
    public void An_absolute_pattern_is_not_relative_to_the_project() =>
        Assert.Equal([_project["data/b.png"]], PathPatterns.Expand(_project["data"] + "/b*.png", Path.GetTempPath()));

    [Theory]
    [InlineData("data/*.jpg")]
    [InlineData("missing/*.png")]
    [InlineData("missing")]
    [InlineData("data/b.png/*")]
    [InlineData("data/up*")]
    public void What_matches_no_file_gives_none(string pattern) => Assert.Empty(PathPatterns.Expand(pattern, _project.Root));

    [Fact]
    public void A_link_to_a_folder_above_ends()
    {
        Directory.CreateSymbolicLink(_project["data/up/back"], _project["data"]);
        Assert.Equal(
            "data/up/back/up/c.png data/up/c.png",
            Expand("data/**/up/*.png"));
    }

    [Theory]
    [InlineData("abc", "abc", true)]
    [InlineData("abc", "a*c", true)]
    [InlineData("abbbc", "a*bc", true)]
    [InlineData("abc", "***", true)]
    [InlineData("", "*", true)]
    [InlineData("abc", "ab?", true)]
    [InlineData("ab", "ab?", false)]
    [InlineData("abcd", "a*c", false)]
    [InlineData("abc", "ABC", true)]
    [InlineData("a.b", "a?b", true)]
    [InlineData("ab", "a.b", false)]
    public void A_segment_matches_a_name(string name, string segment, bool expected) => Assert.Equal(expected, PathPatterns.Matches(name, segment));

    private string Expand(string pattern) => string.Join(' ', PathPatterns.Expand(pattern, _project.Root).Select(file => ProjectPath.Below(_project.Root, file)));
}
