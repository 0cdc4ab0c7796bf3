using System.Globalization;
using System.Reflection;
using Octet.Training;
using Octet.Training.Native;
using Octet.Training.Tests;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Octet.Benchmarks;

/// <summary>
/// What few bits cost, and how much of it quantization-aware training brings back: digits that a small network reads right, of those held out, before rounding, after it, and
/// after a few more epochs with rounded weights and values.
/// </summary>
internal static class TrainingBenchmark
{
    private const int FloatEpochs = 12;
    private const int PreparedEpochs = 8;
    private const double FloatRate = 5e-3;
    private const double PreparedRate = 3e-3;
    private static readonly int[] Seeds = [1, 2, 3, 4, 5];

    public static int Run()
    {
        TorchNative.Load(new TorchNativeOptions
        {
            Folders = typeof(TrainingBenchmark).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "TorchFolders").Value!.Split(';', StringSplitOptions.RemoveEmptyEntries),
        });
        Console.WriteLine("| channels | bits | float | rounded after training | trained, observed scales | trained, learned scales | float, as many epochs more |");
        Console.WriteLine("|---:|---:|---:|---:|---:|---:|---:|");
        foreach (int channels in new[] { 3, 6 })
            foreach (int bits in new[] { 8, 4, 3, 2 })
            {
                Figures[] runs = [.. Seeds.Select(seed => Measure(channels, bits, seed))];
                string Mean(Func<Figures, double> figure) => (100 * runs.Average(figure)).ToString("0.0", CultureInfo.InvariantCulture);
                Console.WriteLine($"| {channels} | {bits} | {Mean(run => run.Float)} | {Mean(run => run.Rounded)} | {Mean(run => run.Observed)} | {Mean(run => run.Learned)} | {Mean(run => run.Longer)} |");
            }
        Console.WriteLine();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Top-1 in %, mean of {Seeds.Length} seeds. {FloatEpochs} epochs as floats, {PreparedEpochs} more once prepared; 360 digits are held out. \"Rounded\": scales are the largest magnitude of each channel."));
        return 0;
    }

    private static Figures Measure(int channels, int bits, int seed)
    {
        manual_seed(seed);
        using Sequential model = Networks.Narrow(channels);
        DigitsData.Training.Train(model, FloatEpochs, FloatRate);
        using MemoryStream checkpoint = new();
        model.save(checkpoint);
        (double rounded, double observed) = Prepared(ScaleLearning.Observed);
        (_, double learned) = Prepared(ScaleLearning.Learned);
        double before = DigitsData.HeldOut.Accuracy(model);
        // A longer training alone may gain as well.
        DigitsData.Training.Train(model, PreparedEpochs, PreparedRate);
        return new Figures(before, rounded, observed, learned, DigitsData.HeldOut.Accuracy(model));

        (double Rounded, double Trained) Prepared(ScaleLearning scales)
        {
            using Sequential copy = Networks.Narrow(channels);
            copy.load(new MemoryStream(checkpoint.ToArray()));
            copy.PrepareForQuantization(new TrainingRecipe { WeightBits = bits, Scales = scales, ObservedBatches = 50 });
            double rounded = DigitsData.HeldOut.Accuracy(copy);
            DigitsData.Training.Train(copy, PreparedEpochs, PreparedRate);
            return (rounded, DigitsData.HeldOut.Accuracy(copy));
        }
    }

    private sealed record Figures(double Float, double Rounded, double Observed, double Learned, double Longer);
}
