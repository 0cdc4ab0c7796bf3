using System.Collections.Immutable;
using Octet.Benchmarks.Accuracy;
using Octet.Benchmarks.Models;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Benchmarks.Speed;

/// <summary>A model with what it is calibrated on and timed on.</summary>
/// <param name="Name">What the tables call it.</param>
/// <param name="Path">The file.</param>
/// <param name="Inputs">What is timed.</param>
/// <param name="Calibration">What both sides calibrate on; with labels where there are any.</param>
/// <param name="IsTrained">Whether its outputs mean something: with random weights nothing is lost that could be missed.</param>
internal sealed record SpeedModel(string Name, string Path, ImmutableArray<NamedTensor> Inputs, ImmutableArray<Sample> Calibration, bool IsTrained)
{
    private const int CalibrationImages = 8;
    private const int SmallBatch = 256;
    private const int LargeBatch = 10_000;

    /// <summary>Extent of the batch dimension of what is timed.</summary>
    public int Batch => (int)Inputs[0].Shape[0];

    /// <summary>The models by name; one is made only when it is asked for.</summary>
    /// <param name="repository">The checkout.</param>
    /// <param name="scratch">A folder for models and data.</param>
    /// <param name="large">Whether the founding experiment's batch of 10,000 is among them: it takes some gigabytes of memory.</param>
    public static IEnumerable<KeyValuePair<string, Func<SpeedModel>>> All(string repository, string scratch, bool large)
    {
        yield return Built("resnet50-v2-32", () => ResNet50V2.Build(32), size: 32, SmallBatch);
        if (large)
            yield return Built("resnet50-v2-32-large", () => ResNet50V2.Build(32), size: 32, LargeBatch);
        yield return Built("resnet50-v1", () => ResNet50.Build(), size: 224, batch: 1);
        yield return Built("resnet50-v2", () => ResNet50V2.Build(), size: 224, batch: 1);
        foreach ((string name, Func<EvaluatedModel> create) in EvaluatedModel.All(repository, Fonts.Find(), scratch).Where(entry => entry.Key != "digits"))
            yield return KeyValuePair.Create(name, () => Trained(create()));

        KeyValuePair<string, Func<SpeedModel>> Built(string name, Func<ModelProto> build, int size, int batch) => KeyValuePair.Create(name, () =>
        {
            string path = System.IO.Path.Combine(scratch, $"{name}.onnx");
            OnnxFile.Write(build(), path);
            // The statistics of a batch do not depend on its extent; those of 10,000 images would take long to gather.
            int calibrated = Math.Min(batch, SmallBatch);
            return new SpeedModel(name, path, [Image(size, batch, seed: -1)], [.. Enumerable.Range(0, batch > 1 ? 1 : CalibrationImages).Select(seed => new Sample($"{seed}", [Image(size, calibrated, seed)], null))], IsTrained: false);
        });
    }

    /// <summary>Writes the calibration data as files: a folder a class where there are labels.</summary>
    /// <param name="folder">The folder, which is made.</param>
    public void WriteCalibration(string folder)
    {
        for (int i = 0; i < Calibration.Length; i++)
        {
            string target = Calibration[i].Label is { } label ? System.IO.Path.Combine(folder, $"class{label}") : folder;
            Directory.CreateDirectory(target);
            using FileStream stream = File.Create(System.IO.Path.Combine(target, $"{i:0000}.npy"));
            Npy.Write(stream, Calibration[i].Inputs[0]);
        }
    }

    private static SpeedModel Trained(EvaluatedModel model) => new(model.Name, model.Path, model.Evaluation[0].Inputs, model.Calibration, IsTrained: true);

    private static NamedTensor Image(int size, int batch, int seed)
    {
        Random random = new(seed);
        float[] values = new float[batch * 3 * size * size];
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return new NamedTensor("input", [batch, 3, size, size], values);
    }
}
