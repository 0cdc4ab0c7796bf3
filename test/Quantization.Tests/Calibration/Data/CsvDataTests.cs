using System.Globalization;
using System.Text;
using Microsoft.ML.OnnxRuntime.Tensors;
using Octet.Quantization.Calibration.Data;

namespace Octet.Quantization.Tests.Calibration.Data;

public sealed class CsvDataTests : SampleSourceTests
{
    [Theory]
    [InlineData("1,2\n3,4\n")]
    [InlineData("1;2\r\n3;4")]
    [InlineData("left,right\n1,2\n\n3,4\n")]
    [InlineData("# written by hand\n1.0\t2e0\n 3 \t4\n")]
    [InlineData("\"1\",\"2\"\n\"3\",\"4\"\n")]
    public void Each_row_is_a_sample(string text)
    {
        Temporary.Text("x.csv", text);
        using SampleSource source = Open(Input(-1, 2));
        Assert.Equal([[1, 2], [3, 4]], ReadAll(source).Select(static sample => Floats(sample)));
        Assert.Equal([1, 2], Shape(source.TryRead(1)));
        Assert.False(source.HasLabels);
        Assert.Empty(Log.All);
    }

    [Theory]
    [InlineData("1,1,2,2", "1,1,2,2")]
    [InlineData("-1,2,2,1", "1,2,2,1")]
    [InlineData("4", "4")]
    [InlineData("2,2", null)]
    [InlineData("-1,-1", "1,4")]
    [InlineData("-1,2,-1", "1,2,2")]
    [InlineData("-1", "4")]
    public void Rows_take_the_shape_of_the_input(string dimensions, string? expected)
    {
        Temporary.Text("x.csv", "1,2,3,4\n5,6,7,8\n");
        using SampleSource source = Open(Input([.. dimensions.Split(',').Select(long.Parse)]));
        if (expected is null)
            Throws("OCT3004", () => source.TryRead(0));
        else
            Assert.Equal(expected, string.Join(",", Shape(source.TryRead(1))));
    }

    [Fact]
    public void A_whole_number_more_than_the_input_takes_is_a_label()
    {
        var text = new StringBuilder();
        for (int row = 0; row < 50; row++)
            text.AppendLine(CultureInfo.InvariantCulture, $"{string.Join(",", Enumerable.Range(0, 64).Select(pixel => (pixel + row) % 17))},{row % 10}");
        Temporary.Gzip("digits.csv.gz", text.ToString());
        using SampleSource source = Open(Input(-1, 1, 8, 8), maximum: 20);
        Assert.True(source.HasLabels);
        Assert.Equal(20, source.Count);
        foreach (Sample sample in ReadAll(source))
        {
            Assert.Equal([1, 1, 8, 8], Shape(sample));
            int row = int.Parse(sample.Source[(sample.Source.LastIndexOf('#') + 1)..], CultureInfo.InvariantCulture);
            Assert.Equal(row % 10, sample.Label);
            Assert.Equal(row % 17, Floats(sample)[0]);
            Assert.Equal((63 + row) % 17, Floats(sample)[63]);
        }
        Assert.Empty(Log.All);
    }

    [Fact]
    public void Each_row_of_a_batch_has_its_label()
    {
        Temporary.Text("x.csv", "1,0\n2,1\n3,2\n4,3\n5,4");
        using SampleSource source = Open(Input(2, 1));
        Assert.True(source.HasLabels);
        Assert.Equal([[0, 1], [2, 3]], ReadAll(source).Select(static sample => sample.Labels));
        Assert.All(ReadAll(source), static sample => Assert.Null(sample.Label));
    }

    [Fact]
    public void Class_names_count_in_ordinal_order_over_all_files()
    {
        Temporary.Text("a.csv", "x,kind\n1,dog\n2,cat\n");
        Temporary.Text("b.csv", "x,kind\n3,ant\n4,dog\n");
        using SampleSource source = Open(Input(-1, 1));
        Assert.True(source.HasLabels);
        Assert.Equal([2, 1, 0, 2], ReadAll(source).Select(static sample => sample.Label));
    }

    [Theory]
    [InlineData("1,2,0.5\n3,4,1\n")]
    [InlineData("1,2,-1\n3,4,1\n")]
    public void A_last_column_that_is_no_class_does_not_fit(string text)
    {
        Temporary.Text("x.csv", text);
        using SampleSource source = Open(Input(-1, 2));
        Assert.False(source.HasLabels);
        Assert.Contains("[2,3]", Throws("OCT3004", () => source.TryRead(0)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_last_column_that_is_asked_for_and_is_no_class_is_told_and_left_out()
    {
        string path = Temporary.Text("x.csv", "1,2,0.5\n3,4,1\n");
        using SampleSource source = Open(Input(-1, 2), labels: path);
        Assert.False(source.HasLabels);
        Assert.Equal([3, 4], Floats(source.TryRead(1)));
        Assert.Contains("x.csv", Log.Single("OCT3006"), StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_that_are_the_data_itself_are_its_last_column()
    {
        // Without the word the input takes any number of values.
        string path = Temporary.Text("x.csv", "1,2,1\n3,4,0\n");
        using SampleSource source = Open(Input(-1, -1), labels: path);
        Assert.True(source.HasLabels);
        Assert.Equal([1, 2], Shape(source.TryRead(0)));
        Assert.Equal([1, 0], ReadAll(source).Select(static sample => sample.Label));
    }

    [Fact]
    public void Bad_rows_are_told_once_and_skipped()
    {
        Temporary.Text("x.csv", "1,2\n3\n5,six\n7,8\n9,nan\n");
        using SampleSource source = Open(Input(-1, 2));
        Assert.Equal(5, source.Count);
        Assert.Equal([[1, 2], [7, 8]], ReadAll(source).Select(static sample => Floats(sample)));
        Assert.Contains("line 2", Log.Single("OCT3002"), StringComparison.Ordinal);
        Assert.Null(source.TryRead(4));
        Assert.Null(source.TryRead(1));
        Assert.Equal([7, 8], Floats(source.TryRead(3)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a,b\n")]
    [InlineData("file,label\ncat.png,cat\ndog.png,dog\n")]
    public void A_table_without_numbers_is_told_and_skipped(string text)
    {
        Temporary.Text("x.csv", text);
        using SampleSource source = Open(Input(-1, 1));
        Assert.Equal(0, source.Count);
        Log.Single("OCT3002");
        Throws("OCT3003", () => source.EnsureUsable());
    }

    [Fact]
    public void Compressed_tables_that_were_cut_are_told_and_skipped()
    {
        string path = Temporary.Gzip("x.csv.gz", string.Join("\n", Enumerable.Range(0, 2000).Select(static row => $"{row * 7919 % 1000},{row}.5")));
        byte[] whole = File.ReadAllBytes(path);
        Temporary.File("x.csv.gz", whole[..^(whole.Length / 3)]);
        using SampleSource source = Open(Input(-1, 2));
        Assert.Equal(0, source.Count);
        Log.Single("OCT3002");
    }

    [Fact]
    public void Compressed_nonsense_is_told_and_skipped()
    {
        Temporary.Text("a.csv.gz", "1,2\n3,4\n");
        Temporary.Gzip("bomb.csv.gz", new string('0', 3 * LineReader.MaximumLineBytes));
        using SampleSource source = Open(Input(-1, 2));
        Assert.Equal(0, source.Count);
        Assert.Equal(["OCT3002", "OCT3002"], Log.Codes);
    }

    [Fact]
    public void Integers_stay_exact()
    {
        Temporary.Text("x.csv", "9007199254740991,0\n");
        using SampleSource source = Open(Input("ids", TensorElementType.Int64, 1, 2));
        Assert.Equal(new[] { 9007199254740991, 0 }, source.TryRead(0)!.Inputs[0].Data);
    }
}
