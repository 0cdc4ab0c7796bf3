using Octet.Quantization.Calibration.Data;

namespace Octet.Quantization.Tests.Calibration.Data;

public sealed class LabelTests : SampleSourceTests
{
    private static readonly ModelInput Pixel = Input(1, 3, 1, 1);

    [Fact]
    public void Folders_are_classes_in_ordinal_order()
    {
        Images("data/cat/1.png", "data/cat/2.png", "data/dog/deep/1.png", "data/Ant/1.png");
        Temporary.Folder("data/bee");
        using SampleSource source = OpenImages(Path.Combine(Root, "data"));
        // Ant, bee, cat, dog
        Assert.Equal([0, 2, 2, 3], Labels(source));
        Assert.Empty(Log.All);
    }

    [Fact]
    public void Folders_named_by_integers_are_those_classes()
    {
        Images("data/0/a.png", "data/2/a.png", "data/10/a.png");
        using SampleSource source = OpenImages(Path.Combine(Root, "data"));
        Assert.Equal([0, 10, 2], Labels(source));
    }

    [Fact]
    public void Folders_side_by_side_are_classes_where_that_is_asked_for()
    {
        Images("data/cat/1.png", "data/dog/1.png");
        using SampleSource unasked = OpenImages(null);
        Assert.False(unasked.HasLabels);
        Assert.All(ReadAll(unasked), static sample => Assert.True(sample.Label is null && sample.Labels.IsEmpty));

        using SampleSource asked = OpenImages(SampleSourceOptions.LabelsFromFolders);
        Assert.Equal([0, 1], Labels(asked));
        // What a build makes of the word.
        using SampleSource rooted = OpenImages(Path.Combine(Root, SampleSourceOptions.LabelsFromFolders));
        Assert.Equal([0, 1], Labels(rooted));
        Assert.Empty(Log.All);
    }

    [Theory]
    [InlineData("folders", "data/cat/1.png", "data/dog/deep/1.png")]
    [InlineData("folders", "data/cat/1.png", "data/cat/2.png")]
    [InlineData("data", "data/cat/1.png", "data/1.png")]
    [InlineData("data", "data/cat/1.png", "data/dog/1.png", "other/dog/1.png")]
    [InlineData("data/cat", "data/cat/1.png")]
    [InlineData("nowhere", "data/cat/1.png")]
    public void Folders_that_are_no_classes_are_told(string labels, params string[] images)
    {
        Images(images);
        using SampleSource source = OpenImages(labels == "folders" ? labels : Path.Combine(Root, labels));
        Assert.False(source.HasLabels);
        Assert.All(ReadAll(source), static sample => Assert.True(sample.Label is null && sample.Labels.IsEmpty));
        Log.Single("OCT3006");
    }

    [Theory]
    [InlineData("file,label\na.png,2\nsub/b.png,0\n")]
    [InlineData("a.png;2\nsub\\b.png;0\n")]
    [InlineData("\"a.png\",\"2\"\nb.png,0\n")]
    [InlineData("a.png,2\nb.png,0\nnever-there.png,7\n")]
    public void A_list_gives_labels(string list)
    {
        if (list.Contains('\\', StringComparison.Ordinal) && Path.DirectorySeparatorChar == '/')
            list = list.Replace('\\', '/');
        Images("data/a.png", "data/sub/b.png");
        string path = Temporary.Text("data/labels.csv", list);
        using SampleSource source = OpenImages(path);
        Assert.Equal([2, 0], Labels(source));
        Assert.Empty(Log.All);
    }

    [Fact]
    public void A_list_may_lie_anywhere_and_name_classes()
    {
        Images("data/a.png", "data/b.png", "data/c,d.png");
        string path = Temporary.Text("elsewhere/labels.csv", "image,class\nb.png,dog\na.png,cat\n\"c,d.png\",ant\n");
        using SampleSource source = OpenImages(path, Path.Combine(Root, "data"));
        Assert.Equal([1, 2, 0], Labels(source));
    }

    [Fact]
    public void A_name_that_two_files_share_says_nothing()
    {
        Images("data/x/a.png", "data/y/a.png");
        string path = Temporary.Text("labels.csv", "a.png,1\n");
        using SampleSource both = OpenImages(path, Path.Combine(Root, "data"));
        Assert.False(both.HasLabels);

        // Nor does one file that has two labels.
        Temporary.Text("labels.csv", "a.png,1\na.png,2\n");
        using SampleSource contradicting = OpenImages(path, Path.Combine(Root, "data", "x"));
        Assert.False(contradicting.HasLabels);
        Assert.Equal(["OCT3006", "OCT3006"], Log.Codes);
    }

    [Theory]
    [InlineData("a.png,1\n", "b.png")]
    [InlineData("a.png\nb.png\n", "line 1")]
    [InlineData("a.png,1,2\nb.png,1,2\n", "line 1")]
    [InlineData("", "no line")]
    [InlineData("file,label\n", "no line")]
    public void A_list_that_says_not_enough_is_told(string list, string words)
    {
        Images("data/a.png", "data/b.png");
        string path = Temporary.Text("labels.csv", list);
        using SampleSource source = OpenImages(path, Path.Combine(Root, "data"));
        Assert.False(source.HasLabels);
        Assert.Contains(words, Log.Single("OCT3006"), StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_of_files_count_for_arrays_too()
    {
        Temporary.Npy("data/cat/a.npy", new float[] { 1, 2 }, 2, 1);
        Temporary.Npy("data/dog/a.npy", new float[] { 3, 4 }, 2, 1);
        using SampleSource source = Open(Input(-1, 1), labels: Path.Combine(Root, "data"), batch: 4);
        Sample sample = Assert.Single(ReadAll(source));
        Assert.Equal([0, 0, 1, 1], sample.Labels.ToArray());
        Assert.Null(sample.Label);
    }

    [Fact]
    public void A_file_that_is_a_whole_batch_has_its_label_for_each_item()
    {
        Temporary.Npy("data/cat/a.npy", new float[] { 1, 2 }, 2, 1);
        Temporary.Npy("data/dog/a.npy", new float[] { 3, 4 }, 2, 1);
        using SampleSource source = Open(Input(2, 1), labels: Path.Combine(Root, "data"));
        Assert.Equal([[0, 0], [1, 1]], ReadAll(source).Select(static sample => sample.Labels));
        Assert.Equal([3, 4], Floats(source.TryRead(1)));
    }

    [Fact]
    public void Only_files_that_are_taken_need_a_label()
    {
        Images([.. Enumerable.Range(0, 10).Select(static i => $"data/{i}.png")]);
        using SampleSource all = OpenImages(null, Path.Combine(Root, "data"), maximum: 3);
        string taken = string.Concat(ReadAll(all).Select(static sample => Path.GetFileName(sample.Source) + ",5\n"));
        using SampleSource source = OpenImages(Temporary.Text("labels.csv", taken), Path.Combine(Root, "data"), maximum: 3);
        Assert.Equal([5, 5, 5], Labels(source));
    }

    private static int?[] Labels(SampleSource source)
    {
        Assert.True(source.HasLabels);
        List<Sample> samples = ReadAll(source);
        Assert.All(samples, static sample => Assert.Equal([sample.Label!.Value], sample.Labels.ToArray()));
        return [.. samples.Select(static sample => sample.Label)];
    }

    private SampleSource OpenImages(string? labels, string? folder = null, int maximum = 0) =>
        Open(Pixel, "scale=1", labels, maximum: maximum, files: folder ?? Root);

    private void Images(params string[] names)
    {
        foreach (string name in names)
            Temporary.File(name, TestImage.Png(1, 1, 1, 2, 3));
    }
}
