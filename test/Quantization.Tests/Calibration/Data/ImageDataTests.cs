using Octet.Quantization.Calibration.Data;

namespace Octet.Quantization.Tests.Calibration.Data;

public sealed class ImageDataTests : SampleSourceTests
{
    private const string Plain = "scale=1;channels=rgb";

    [Fact]
    public void Images_of_a_folder_are_read_in_ordinal_order()
    {
        string[] names = ["b/2.png", "B.png", "a.bmp", "b.png", "b/10.png", "ü.png", "a.tga"];
        for (int i = 0; i < names.Length; i++)
        {
            byte value = (byte)i;
            Temporary.File(names[i], Path.GetExtension(names[i]) switch
            {
                ".bmp" => TestImage.Bmp(2, 2, value, value, value),
                ".tga" => TestImage.Tga(2, 2, value, value, value),
                _ => TestImage.Png(2, 2, value, value, value),
            });
        }
        using SampleSource source = Open(Input(1, 3, 2, 2), Plain);
        List<Sample> samples = ReadAll(source);
        Assert.Equal(names.Order(StringComparer.Ordinal).Select(name => Path.Combine(Root, name)), samples.Select(static sample => sample.Source));
        Assert.All(samples, sample => Assert.All(Floats(sample), value => Assert.Equal(names[(int)value], Path.GetRelativePath(Root, sample.Source))));
        Assert.Equal("scale=1;mean=0;std=1;layout=nchw;channels=rgb;resize=stretch", source.Preprocessing);
        Assert.Empty(Log.All);
    }

    [Fact]
    public void Files_keep_the_order_they_are_given_in_and_count_once()
    {
        string a = Temporary.File("a.png", TestImage.Png(2, 2, 1, 1, 1));
        string b = Temporary.File("b.png", TestImage.Png(2, 2, 2, 2, 2));
        using SampleSource source = Open(Input(1, 3, 2, 2), Plain, files: [b, Root, a]);
        Assert.Equal([b, a], ReadAll(source).Select(static sample => sample.Source));
    }

    [Fact]
    public void Other_files_and_hidden_ones_are_left_alone()
    {
        Temporary.File("a.png", TestImage.Png(2, 2, 1, 1, 1));
        Temporary.Text("README.md", "about");
        Temporary.Text(".hidden.png", "no image");
        Temporary.Text(".git/x.png", "no image");
        using SampleSource source = Open(Input(1, 3, 2, 2), Plain);
        Assert.Single(ReadAll(source));
        Assert.Empty(Log.All);
    }

    [Fact]
    public void Forms_that_are_not_read_are_told_once()
    {
        Temporary.File("a.png", TestImage.Png(2, 2, 1, 1, 1));
        Temporary.Text("b.webp", "");
        Temporary.Text("c.WEBP", "");
        using SampleSource source = Open(Input(1, 3, 2, 2), Plain);
        Assert.Single(ReadAll(source));
        Assert.Contains(".webp files (2 of them)", Log.Single("OCT3002"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_to_a_folder_is_not_followed_around()
    {
        Temporary.File("a/1.png", TestImage.Png(2, 2, 1, 1, 1));
        try
        {
            Directory.CreateSymbolicLink(Path.Combine(Root, "a", "again"), Root);
        }
        catch (IOException)
        {
            return; // The system does not let this user make links.
        }
        using SampleSource source = Open(Input(1, 3, 2, 2), Plain);
        Assert.Equal(1, source.Count);
    }

    [Fact]
    public void A_path_that_names_nothing_is_told()
    {
        Assert.Contains("gone.png", Throws("OCT3008", () => Open(Input(1, 3, 2, 2), files: Path.Combine(Root, "gone.png"))), StringComparison.Ordinal);
        Temporary.Text("empty/notes.txt", "");
        Assert.Contains("empty", Throws("OCT3008", () => Open(Input(1, 3, 2, 2), files: Path.Combine(Root, "empty"))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_another_kind_alone_is_told()
    {
        string path = Temporary.Text("data.bin", "");
        using SampleSource source = Open(Input(1, 3, 2, 2), files: path);
        Assert.Contains("data.bin", Throws("OCT3003", () => source.EnsureUsable()), StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_images_are_told_once_and_skipped()
    {
        Temporary.Text("a.png", "no image");
        Temporary.File("b.png", TestImage.Png(2, 2, 1, 2, 3));
        using SampleSource source = Open(Input(1, 3, 2, 2), Plain);
        Assert.Equal(2, source.Count);
        source.EnsureUsable();
        Assert.Null(source.TryRead(0));
        Assert.NotNull(source.TryRead(1));
        Log.Single("OCT3002");
        Assert.Equal(Path.Combine(Root, "a.png"), Log.All.Single().File);
    }

    [Fact]
    public void Nothing_but_damaged_images_is_an_error()
    {
        Temporary.Text("a.png", "no image");
        Temporary.Text("b.png", "no image");
        using SampleSource source = Open(Input(1, 3, 2, 2), Plain);
        string message = Throws("OCT3003", () => source.EnsureUsable());
        Assert.Contains("None of the 2", message, StringComparison.Ordinal);
        Assert.Contains("'model.onnx'", message, StringComparison.Ordinal);
        Assert.Contains("a.png", message, StringComparison.Ordinal);
        Throws("OCT3003", () => Open(Input(1, 3, -1, -1), Plain));
    }

    [Fact]
    public void An_image_that_is_gone_is_told()
    {
        string path = Temporary.File("a.png", TestImage.Png(2, 2, 1, 2, 3));
        using SampleSource source = Open(Input(1, 3, 2, 2), Plain);
        File.Delete(path);
        Assert.Null(source.TryRead(0));
        Assert.Contains("not there", Log.Single("OCT3002"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_size_of_the_first_image_that_can_be_read_is_taken_and_told()
    {
        Temporary.Text("a.png", "no image");
        Temporary.File("b.png", TestImage.Png(70, 50, 1, 2, 3));
        Temporary.File("c.png", TestImage.Png(9, 9, 1, 2, 3));
        using SampleSource source = Open(Input(-1, 3, -1, -1), "imagenet");
        Assert.EndsWith(";size=64x64", source.Preprocessing, StringComparison.Ordinal);
        Assert.Contains(source.Preprocessing!, Log.Single("OCT3005"), StringComparison.Ordinal);
        Assert.Equal([1, 3, 64, 64], Shape(source.TryRead(1)));
        Assert.Equal([1, 3, 64, 64], Shape(source.TryRead(2)));
    }

    [Fact]
    public void Images_are_grouped_to_the_batch_of_the_model()
    {
        for (int i = 0; i < 7; i++)
            Temporary.File($"{i}.png", TestImage.Png(1, 1, (byte)i, 0, 0));
        using SampleSource source = Open(Input(3, 3, 1, 1), Plain);
        Assert.Equal([[0, 1, 2], [3, 4, 5]], ReadAll(source).Select(static sample => Floats(sample).Where((_, i) => i % 3 == 0)));
        Assert.Equal([3, 3, 1, 1], Shape(source.TryRead(0)));
        Assert.Equal(Path.Combine(Root, "3.png") + " and 2 more", source.TryRead(1)!.Source);
    }

    [Fact]
    public void In_a_batch_other_images_stand_in_for_a_damaged_one()
    {
        Temporary.File("0.png", TestImage.Png(1, 1, 5, 0, 0));
        Temporary.Text("1.png", "no image");
        Temporary.File("2.png", TestImage.Png(1, 1, 7, 0, 0));
        using SampleSource source = Open(Input(3, 3, 1, 1), Plain);
        Assert.Equal([5, 7, 5], Floats(Assert.Single(ReadAll(source))).Where((_, i) => i % 3 == 0));
        Log.Single("OCT3002");
    }

    [Fact]
    public void An_image_without_a_batch_dimension_is_a_sample_by_itself()
    {
        for (int i = 0; i < 3; i++)
            Temporary.File($"{i}.png", TestImage.Png(2, 1, (byte)i, 0, 0));
        using SampleSource source = Open(Input(3, 1, 2), Plain, batch: 8);
        Assert.Equal(3, source.Count);
        Assert.Equal([3, 1, 2], Shape(source.TryRead(2)));
        Assert.Equal([2, 2, 0, 0, 0, 0], Floats(source.TryRead(2)));
    }

    [Fact]
    public void No_more_than_the_maximum_is_taken_from_all_over()
    {
        for (int i = 0; i < 100; i++)
            Temporary.File($"{i:000}.png", TestImage.Png(1, 1, (byte)i, 0, 0));
        using SampleSource source = Open(Input(1, 3, 1, 1), Plain, maximum: 10);
        float[] values = [.. ReadAll(source).Select(static sample => Floats(sample)[0])];
        Assert.Equal(10, values.Length);
        for (int i = 0; i < values.Length; i++)
            Assert.InRange(values[i], 10 * i, 10 * i + 9);

        using SampleSource batches = Open(Input(2, 3, 1, 1), Plain, maximum: 10);
        Assert.Equal(10, batches.Count);
        Assert.InRange(Floats(batches.TryRead(9))[3], 90, 99);
    }

    [Fact]
    public void The_preprocessing_is_checked_although_nothing_needs_it()
    {
        Temporary.Npy("a.npy", new float[1], 1, 1);
        Throws("OCT3007", () => Open(Input(1, 1), "imagenett"));
        using SampleSource source = Open(Input(1, 1), "imagenet");
        Assert.Null(source.Preprocessing);
    }

    [Fact]
    public void Images_and_arrays_go_together()
    {
        Temporary.File("a.png", TestImage.Png(1, 1, 5, 0, 0));
        Temporary.Npy("b.npy", new float[] { 1, 2, 3, 4, 5, 6 }, 2, 3, 1, 1);
        using SampleSource source = Open(Input(-1, 3, 1, 1), Plain, batch: 3);
        Assert.Equal([5, 0, 0, 1, 2, 3, 4, 5, 6], Floats(Assert.Single(ReadAll(source))));
    }
}
