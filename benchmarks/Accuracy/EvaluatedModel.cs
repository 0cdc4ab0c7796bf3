using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime.Tensors;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Onnx;
using Octet.Runtime;
using SkiaSharp;

namespace Octet.Benchmarks.Accuracy;

/// <summary>A model of testassets/models with what it is calibrated on and what it is judged on: never the same pictures.</summary>
/// <param name="Name">The file's name without its extension.</param>
/// <param name="Path">The file.</param>
/// <param name="Data">What it is judged on, in words.</param>
/// <param name="Calibration">Samples to calibrate with.</param>
/// <param name="Evaluation">Other samples, with labels where there are any.</param>
internal sealed record EvaluatedModel(string Name, string Path, string Data, ImmutableArray<Sample> Calibration, ImmutableArray<Sample> Evaluation)
{
    private const string LinePreprocessing = "scale=1/255;mean=0.5;std=0.5;channels=bgr;size=48x192;resize=fit";
    private static readonly float[] Mean = [0.485f, 0.456f, 0.406f];
    private static readonly float[] Deviation = [0.229f, 0.224f, 0.225f];

    public bool Labelled => Evaluation[0].Label is not null;

    /// <summary>The models by name; one is made only when it is asked for.</summary>
    public static IEnumerable<KeyValuePair<string, Func<EvaluatedModel>>> All(string repository, SKTypeface[] typefaces, string scratch)
    {
        string File(string name) => System.IO.Path.Combine(repository, "testassets", "models", $"{name}.onnx");
        Pictures pictures = new(typefaces);
        yield return Named("direction", () => new EvaluatedModel("direction", File("direction"), "1,000 rendered lines, half of them turned",
            Lines(pictures, File("direction"), System.IO.Path.Combine(scratch, "calibration"), 0, 150), Lines(pictures, File("direction"), System.IO.Path.Combine(scratch, "evaluation"), 100_000, 500)));
        yield return Named("digits", () => Digits(File("digits"), System.IO.Path.Combine(repository, "testassets", "data", "digits.csv.gz")));
        yield return Pictured("detector", "20 rendered pages of text, 640x640", 12, 20, seed => pictures.Page(640, seed), channelsFirst: true, (channel, level) => (level / 255 - Mean[channel]) / Deviation[channel]);
        yield return Pictured("mlsd-tiny", "20 rendered rooms", 20, 20, seed => Pictures.Room(320, seed), channelsFirst: false, (channel, level) => channel == 3 ? 1 : level);
        yield return Pictured("blazeface-front", "60 rendered pictures of people", 60, 60, seed => Pictures.People(128, seed), channelsFirst: false, (_, level) => level / 127.5f - 1);
        yield return Pictured("blazeface-back", "60 rendered pictures of people", 60, 60, seed => Pictures.People(256, seed), channelsFirst: false, (_, level) => level / 127.5f - 1);

        KeyValuePair<string, Func<EvaluatedModel>> Named(string name, Func<EvaluatedModel> create) => KeyValuePair.Create(name, create);

        KeyValuePair<string, Func<EvaluatedModel>> Pictured(string name, string data, int calibration, int evaluation, Func<int, SKBitmap> draw, bool channelsFirst, Func<int, float, float> value) => Named(name, () =>
        {
            string input = OnnxFile.Read(File(name)).Graph.Input[0].Name;
            int channels = name == "mlsd-tiny" ? 4 : 3;
            Sample Sample(int seed)
            {
                using SKBitmap bitmap = draw(seed);
                return new Sample($"{seed}", [Tensor(input, bitmap, channels, channelsFirst, value)], null);
            }
            return new EvaluatedModel(name, File(name), data, [.. Enumerable.Range(0, calibration).Select(Sample)], [.. Enumerable.Range(100_000, evaluation).Select(Sample)]);
        });
    }

    // The same text both ways up; in files, so that they are read as an application's are.
    private static ImmutableArray<Sample> Lines(Pictures pictures, string model, string folder, int firstSeed, int count)
    {
        foreach ((string direction, bool upsideDown) in new[] { ("upright", false), ("upside-down", true) })
        {
            Directory.CreateDirectory(System.IO.Path.Combine(folder, direction));
            for (int i = 0; i < count; i++)
                System.IO.File.WriteAllBytes(System.IO.Path.Combine(folder, direction, $"{i:0000}.png"), pictures.Line(firstSeed + i, upsideDown));
        }
        return Read(new SampleSourceOptions([folder], [new ModelInput("x", TensorElementType.Float, [1, 3, 48, 192])], model, LinePreprocessing, "folders", 1, 2 * count));
    }

    private static EvaluatedModel Digits(string model, string data)
    {
        ImmutableArray<Sample> rows = Read(new SampleSourceOptions([data], [new ModelInput("pixels", TensorElementType.Float, [1, 1, 8, 8])], model, null, null, 1, int.MaxValue));
        // The split of testassets/data/README.md.
        return new EvaluatedModel("digits", model, "359 held-out digits", [.. rows.Where((_, i) => i % 5 != 4).Take(300)], [.. rows.Where((_, i) => i % 5 == 4)]);
    }

    private static ImmutableArray<Sample> Read(SampleSourceOptions options)
    {
        using SampleSource source = SampleSource.Open(options, new Printed());
        return [.. Enumerable.Range(0, (int)source.Count).Select(source.TryRead).OfType<Sample>()];
    }

    // Channels first means BGR, as PaddleOCR reads; a fourth channel is the model's own.
    private static NamedTensor Tensor(string input, SKBitmap bitmap, int channels, bool channelsFirst, Func<int, float, float> value)
    {
        ReadOnlySpan<byte> rgba = bitmap.GetPixelSpan();
        int pixels = bitmap.Width * bitmap.Height;
        float[] values = new float[pixels * channels];
        for (int pixel = 0; pixel < pixels; pixel++)
            for (int channel = 0; channel < channels; channel++)
            {
                byte level = rgba[pixel * 4 + (channelsFirst ? 2 - channel : channel)];
                values[channelsFirst ? channel * pixels + pixel : pixel * channels + channel] = value(channel, level);
            }
        return new NamedTensor(input, channelsFirst ? [1, channels, bitmap.Height, bitmap.Width] : [1, bitmap.Height, bitmap.Width, channels], values);
    }

    private sealed class Printed : IDiagnosticSink
    {
        public void Report(Diagnostic diagnostic) => Console.Error.WriteLine(diagnostic.ToCanonicalString());
    }
}
