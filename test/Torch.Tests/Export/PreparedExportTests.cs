using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Octet.Quantization;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Tests;
using Octet.Runtime;
using Octet.Torch.Export;
using Octet.Training;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Octet.Torch.Tests.Export;

/// <summary>From a checkpoint of quantization-aware training to a file with the integers that were trained.</summary>
public sealed class PreparedExportTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_checkpoint_becomes_an_int8_variant_with_the_trained_integers(bool learned)
    {
        using PreparedNetwork network = Trained(learned);
        ExportRequest request = Exports.Request(_folder, "PreparedNetwork", ("pixels", [1, 1, 8, 8])) with { Checkpoint = _folder.File("network.dat"), ConstructorArguments = [learned ? "true" : "false"] };
        ExportResponse response = Exports.Run(request)[0];
        Assert.True(response.Written, string.Join('\n', response.Diagnostics));
        Assert.Equal(network.Layers.Length, Exports.Model(request).Graph.Initializer.Count(IsWeights));

        WriteSamples(5);
        Said said = new();
        QuantizationResult result = QuantizationPipeline.Run(new QuantizationRequest
        {
            ModelPath = request.Output,
            Name = "network",
            Source = "network.onnx",
            OutputDirectory = _folder.File("out"),
            FloatFileName = "network.onnx",
            Data = [_folder.File("data")],
            Variants = ["int8"],
            Target = "x64-vnni",
            MaxAccuracyDrop = 1,
            MinSpeedup = 1e-6,
            Search = false,
            TimeBudget = TimeSpan.FromSeconds(1),
            Threads = 1,
        }, said);
        Assert.True(said.All is [{ Code: "OCT2008" }], string.Join("; ", said.All));
        Assert.Equal("trained", (string?)result.Report.Variants[1].Recipe!["calibration"]);
        Assert.Equal(network.Layers.Length, (int)result.Report.Variants[1].Recipe!["trainedWeights"]!);

        // The very integers, whatever their layout.
        string shipped = Assert.Single(result.Files, file => file.EndsWith(".int8.onnx", StringComparison.Ordinal));
        sbyte[][] stored = [.. OnnxFile.Read(shipped).Graph.Initializer.Where(IsWeights).Select(tensor => MemoryMarshal.Cast<byte, sbyte>(tensor.ToBytes().Span).ToArray())];
        foreach (string layer in network.Layers)
        {
            using Tensor integers = network.WeightIntegers(layer);
            sbyte[] trained = integers.data<sbyte>().ToArray();
            // A negative factor of a BatchNormalization turns a channel's signs.
            Assert.Contains(stored, values => values.Select(Math.Abs).SequenceEqual(trained.Select(Math.Abs)));
        }

        using Tensor images = Images(64);
        float[] expected = network.forward(images).data<float>().ToArray(), actual = Run(shipped, images);
        float step = expected.Max(Math.Abs) / 100;
        Assert.All(expected.Zip(actual), pair => Assert.InRange(pair.Second, pair.First - step, pair.First + step));
    }

    public void Dispose() => _folder.Dispose();

    private static bool IsWeights(TensorProto tensor) => tensor.DataType == (int)TensorProto.Types.DataType.Int8 && tensor.Dims.Count > 1;

    private PreparedNetwork Trained(bool learned)
    {
        manual_seed(1);
        PreparedNetwork network = new(learned);
        network.train();
        using optim.Optimizer optimizer = optim.Adam(network.parameters(), 1e-2);
        for (int step = 0; step < 30; step++)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor images = Images(32);
            optimizer.zero_grad();
            // Something to learn: where in the image the largest row is.
            nn.functional.cross_entropy(network.forward(images), images.sum(3).view(32, 8).argmax(1)).backward();
            optimizer.step();
        }
        network.eval();
        network.save(_folder.File("network.dat"));
        return network;
    }

    private static Tensor Images(int count) => rand(count, 1, 8, 8) * 2 - 0.5;

    private void WriteSamples(int count)
    {
        Directory.CreateDirectory(_folder.File("data"));
        for (int i = 0; i < count; i++)
        {
            using Tensor image = Images(1);
            using FileStream file = File.Create(Path.Combine(_folder.File("data"), $"{i}.npy"));
            Npy.Write(file, new NamedTensor("pixels", [1, 1, 8, 8], image.data<float>().ToArray()));
        }
    }

    private static float[] Run(string path, Tensor images)
    {
        using InferenceSession session = new(path);
        using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> results =
            session.Run([NamedOnnxValue.CreateFromTensor("pixels", new DenseTensor<float>(images.data<float>().ToArray(), [.. images.shape.Select(extent => (int)extent)]))]);
        return results[0].AsEnumerable<float>().ToArray();
    }

    private sealed class Said : IDiagnosticSink
    {
        public List<Diagnostic> All { get; } = [];

        public void Report(Diagnostic diagnostic) => All.Add(diagnostic);
    }
}
