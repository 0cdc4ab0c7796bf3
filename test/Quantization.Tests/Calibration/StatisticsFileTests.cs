using System.Collections.Immutable;
using System.Text;
using CsCheck;
using Octet.Quantization.Calibration;
using Octet.Quantization.Diagnostics;

namespace Octet.Quantization.Tests.Calibration;

public sealed class StatisticsFileTests
{
    private static readonly string Hash = new('a', 64);

    [Fact]
    public void Reading_gives_what_was_written() => Counted.Values.Array[1, 5].Sample(samples =>
    {
        using ScratchFolder folder = new();
        string path = folder.File("statistics.json");
        StatisticsFile file = File(("x", Counted.Statistics(samples)), ("y/z:0", Counted.Statistics([float.NaN])), ("é\"", new TensorStatistics(withHistogram: true)));
        file.Write(path);
        StatisticsFile read = StatisticsFile.Read(path);
        Assert.Equal(Text(file), Text(read));
        foreach (string method in CalibrationMethods.All)
            Assert.Equal(file.Statistics.Ranges(method).Ranges["x"], read.Statistics.Ranges(method).Ranges["x"]);
    }, iter: 30);

    [Fact]
    public void Merged_files_are_what_one_run_gives()
    {
        StatisticsFile first = File(("x", Counted.Statistics([1, 2], [-5, 3])));
        StatisticsFile second = File(("x", Counted.Statistics([100, -0.001f])));
        string whole = Text(File(("x", Counted.Statistics([1, 2], [-5, 3], [100, -0.001f]))) with { Statistics = new(20, true, File(("x", Counted.Statistics([1, 2], [-5, 3], [100, -0.001f]))).Statistics.Tensors) });
        Assert.Equal(whole, Text(first.Merge(second, "b.json")));
        Assert.Equal(whole, Text(second.Merge(first, "a.json")));
    }

    [Fact]
    public void What_does_not_belong_together_is_not_merged()
    {
        StatisticsFile file = File(("x", Counted.Statistics([1])));
        Assert.Contains("different models", Diagnosed.Throws("OCT3012", () => file.Merge(file with { ModelSha256 = new('b', 64) }, "b.json")).Text);
        Assert.Contains("different tensors", Diagnosed.Throws("OCT3012", () => file.Merge(File(("y", Counted.Statistics([1]))), "b.json")).Text);
        StatisticsFile without = file with { Statistics = CalibrationStatistics.Empty(["x"], withHistograms: false) };
        Assert.Contains("histograms", Diagnosed.Throws("OCT3012", () => file.Merge(without, "b.json")).Text);
    }

    [Fact]
    public void A_file_must_fit_model_method_and_plan()
    {
        StatisticsFile file = File(("x", Counted.Statistics([1])));
        file.EnsureFits("a.json", Hash, CalibrationMethods.Auto);
        file.EnsureCovers("a.json", ["x"]);
        Diagnosed.Throws("OCT3012", () => file.EnsureFits("a.json", new string('b', 64), CalibrationMethods.MinMax));
        Diagnosed.Throws("OCT3012", () => file.EnsureCovers("a.json", ["x", "y"]));
        StatisticsFile without = file with { Statistics = CalibrationStatistics.Empty(["x"], withHistograms: false) with { Samples = 1 } };
        without.EnsureFits("a.json", Hash, CalibrationMethods.MovingAverage);
        Diagnosed.Throws("OCT3012", () => without.EnsureFits("a.json", Hash, CalibrationMethods.Mse));
        Diagnosed.Throws("OCT3012", () => (file with { Statistics = file.Statistics with { Samples = 0 } }).EnsureFits("a.json", Hash, CalibrationMethods.MinMax));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"schema\":2}")]
    [InlineData("{\"schema\":1}")]
    [InlineData("{\"schema\":1e400}")]
    public void What_is_no_statistics_file_is_refused(string text) => Refused(text);

    [Theory]
    [InlineData("\"max\":2", "\"max\":1e39")]
    [InlineData("\"max\":2", "\"max\":-7")]
    [InlineData("\"max\":2", "\"max\":200")]
    [InlineData("\"max\":2", "\"max\":\"2\"")]
    [InlineData("\"min\":-5", "\"min\":null")]
    [InlineData("\"exponent\":", "\"exponent\":9")]
    [InlineData("\"exponent\":", "\"exponentz\":")]
    [InlineData("\"first\":", "\"first\":9")]
    [InlineData("\"first\":-", "\"first\":-4")]
    [InlineData("\"counts\":[1", "\"counts\":[-1")]
    [InlineData("\"counts\":[1", "\"counts\":[9223372036854775807")]
    [InlineData("\"counts\":[1", "\"counts\":[1.5")]
    [InlineData("\"counts\":[1", "\"counts\":[0")]
    [InlineData("\"samples\":2", "\"samples\":11")]
    [InlineData("\"samples\":2", "\"samples\":0")]
    [InlineData("\"samples\":10", "\"samples\":-1")]
    [InlineData("\"minima\":\"", "\"minima\":\"9")]
    [InlineData("\"minima\":\"", "\"minima\":\"x")]
    [InlineData("\"modelSha256\":\"aa", "\"modelSha256\":\"a/")]
    [InlineData("\"histograms\":true", "\"histograms\":1")]
    [InlineData("\"tensors\":[", "\"tensors\":[{\"name\":\"x\"},")]
    [InlineData("\"tensors\":[", "\"tensors\":[7,")]
    [InlineData("]}]}", "]}]")]
    public void What_is_impossible_is_refused(string said, string instead)
    {
        string text = Text(File(("x", Counted.Statistics([-5, 2], [1, 1]))));
        Assert.Contains(said, text);
        int position = text.IndexOf(said, StringComparison.Ordinal);
        Refused(text[..position] + instead + text[(position + said.Length)..]);
    }

    [Fact]
    public void Damage_anywhere_ends_in_a_diagnostic_or_in_statistics() => Gen.Select(Gen.Int[0, 10_000], Gen.Byte).Sample((position, damage) =>
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Text(File(("x", Counted.Statistics([-5, 2, 0.3f], [1, 1])))));
        bytes[position % bytes.Length] = damage;
        using ScratchFolder folder = new();
        System.IO.File.WriteAllBytes(folder.File("statistics.json"), bytes);
        try
        {
            foreach (string method in CalibrationMethods.All)
                StatisticsFile.Read(folder.File("statistics.json")).Statistics.Ranges(method);
        }
        catch (DiagnosticException exception)
        {
            Assert.Equal("OCT3011", exception.Diagnostic.Code);
        }
    });

    [Fact]
    public void A_missing_file_is_said() => Diagnosed.Throws("OCT3011", () => StatisticsFile.Read(Path.Combine(Path.GetTempPath(), "no-such-statistics.json")));

    internal static StatisticsFile File(params (string Name, TensorStatistics Tensor)[] tensors) =>
        new(Hash, new CalibrationStatistics(10, true, tensors.ToImmutableSortedDictionary(tensor => tensor.Name, tensor => tensor.Tensor, StringComparer.Ordinal)));

    internal static string Text(StatisticsFile file)
    {
        using MemoryStream stream = new();
        file.Write(stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void Refused(string text)
    {
        using ScratchFolder folder = new();
        System.IO.File.WriteAllText(folder.File("statistics.json"), text);
        Diagnosed.Throws("OCT3011", () => StatisticsFile.Read(folder.File("statistics.json")));
    }
}
