using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Octet.Package.Tests;

/// <summary>TorchSharp checkpoints: testassets/TrainedModel has the module in the very project that is built, and no ONNX file at all.</summary>
[Collection(PackageTests.Name)]
public class CheckpointTests(PackageFeed feed)
{
    private const int Inputs = 8, Width = 16, Outputs = 4;

    private static readonly string[] OnlyCompiler = ["Csc"], Nothing = [], CompilerThenTool = ["Csc", "RunQuantizationTool"];

    [Fact]
    public void A_checkpoint_is_exported_after_the_compiler_and_a_second_build_finds_it_done()
    {
        Consumer consumer = Trained();
        double[] input = [.. Enumerable.Range(0, Inputs).Select(i => i * 0.25 - 1)];
        Weights weights = WriteCheckpoint(consumer, seed: 1);

        BuildLog first = consumer.Build().MustSucceed();
        Assert.Equal(CompilerThenTool, first.CompilerAndToolRuns);
        Assert.Contains("exporting models/weights.dat", first.Output, StringComparison.Ordinal);
        JsonNode model = JsonNode.Parse(File.ReadAllText(consumer["obj/Debug/net10.0/octet/report.json"]))!["models"]![0]!;
        Assert.Equal(("weights", "models/weights.dat"), ((string?)model["name"], (string?)model["source"]));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(consumer["models/weights.dat"]))), (string?)model["sha256"]);

        // The exported model ships; the checkpoint and what exported it do not.
        Assert.Contains("weights.onnx", consumer.Files("bin/Debug/net10.0/models"));
        Assert.Contains("weights.octet.json", consumer.Files("bin/Debug/net10.0/models"));
        Assert.DoesNotContain(consumer.Files("bin/Debug/net10.0"), file => file.Contains("torch_cpu", StringComparison.Ordinal) || file.EndsWith(".dat", StringComparison.Ordinal));
        AssertRuns(consumer, input, weights);

        // What the tool found out must not reach the compiler: nothing is compiled again.
        Assert.Equal(Nothing, consumer.Build("--no-restore").MustSucceed().CompilerAndToolRuns);

        Weights others = WriteCheckpoint(consumer, seed: 2);
        BuildLog third = consumer.Build("--no-restore").MustSucceed();
        Assert.Equal(1, third.ToolRuns);
        Assert.Contains("exporting models/weights.dat", third.Output, StringComparison.Ordinal);
        AssertRuns(consumer, input, others);
        Assert.Equal(Nothing, consumer.Build("--no-restore").MustSucceed().CompilerAndToolRuns);

        // A change of the code around the module exports again, to the same model.
        consumer.Write("More.cs", "internal class More;");
        BuildLog edited = consumer.Build("--no-restore").MustSucceed();
        Assert.Equal(CompilerThenTool, edited.CompilerAndToolRuns);
        Assert.Contains("restored from the cache", edited.Output, StringComparison.Ordinal);

        File.Delete(consumer["obj/Debug/net10.0/TrainedModel.dll"]);
        BuildLog design = consumer.DotNet("msbuild", "-t:Compile", "-p:DesignTimeBuild=true", "-p:BuildingProject=false").MustSucceed();
        Assert.Equal(OnlyCompiler, design.CompilerAndToolRuns);
    }

    [Fact]
    public void Without_libtorch_there_is_an_error()
    {
        Consumer consumer = new(feed, "model");
        consumer.Write("net.dat", "model");
        consumer.Edit("<QuantizeModel Include", "<QuantizeModel Include=\"net.dat\" ModuleType=\"Net\" InputShapes=\"x=1,2\" /><QuantizeModel Include");
        consumer.Build().MustFail("OCT1008");
        // The machine that cannot export can still build.
        consumer.Properties["QuantizeModelsOnBuild"] = "false";
        Assert.Equal(OnlyCompiler, consumer.Build("--no-restore", "-t:Rebuild").MustSucceed().CompilerAndToolRuns);
    }

    private Consumer Trained()
    {
        Consumer consumer = new(feed, asset: "TrainedModel");
        consumer.Properties["TorchPlatform"] = RuntimeInformation.RuntimeIdentifier.Replace("-musl", "", StringComparison.Ordinal);
        consumer.Properties["TorchSharpVersion"] = Checkout.TorchSharpVersion;
        consumer.Properties["LibtorchVersion"] = Checkout.LibtorchVersion;
        consumer.Properties["RestoreFallbackFolders"] = feed.TorchFolder;
        return consumer;
    }

    private static void AssertRuns(Consumer consumer, double[] input, Weights weights)
    {
        CommandResult run = consumer.RunApplication([.. input.Select(number => number.ToString("R", CultureInfo.InvariantCulture))]);
        Assert.True(run.ExitCode == 0, run.Output);
        double[] outputs = [.. run.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(number => double.Parse(number, CultureInfo.InvariantCulture))];
        double[] expected = weights.Run(input);
        Assert.Equal(Outputs, outputs.Length);
        // The variant that runs may be an integer one.
        double tolerance = 0.05 * expected.Max(Math.Abs);
        Assert.All(outputs.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, tolerance));
    }

    private static Weights WriteCheckpoint(Consumer consumer, int seed)
    {
        Weights weights = Weights.Random(seed);
        Directory.CreateDirectory(consumer["models"]);
        weights.Save(consumer["models/weights.dat"]);
        return weights;
    }

    /// <summary>The weights of TrainedModel.Net, which is what TorchSharp's module.save writes of it.</summary>
    private sealed record Weights(float[] Hidden, float[] HiddenBias, float[] Output, float[] OutputBias)
    {
        private const int Float32 = 6;

        public static Weights Random(int seed)
        {
            Random random = new(seed);
            float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() * 2 - 1)];
            return new Weights(Values(Width * Inputs), Values(Width), Values(Outputs * Width), Values(Outputs));
        }

        /// <summary>The module in plain C#.</summary>
        public double[] Run(double[] input) => Linear(Output, OutputBias, [.. Linear(Hidden, HiddenBias, input).Select(value => Math.Max(value, 0))]);

        /// <summary>A count; then each tensor's name, element type, rank, extents and little-endian values. Counts have seven bits a byte.</summary>
        public void Save(string path)
        {
            using BinaryWriter writer = new(File.Create(path));
            writer.Write7BitEncodedInt(4);
            Tensor("hidden.weight", Hidden, Width, Inputs);
            Tensor("hidden.bias", HiddenBias, Width);
            Tensor("output.weight", Output, Outputs, Width);
            Tensor("output.bias", OutputBias, Outputs);

            void Tensor(string name, float[] values, params int[] extents)
            {
                writer.Write(name);
                writer.Write7BitEncodedInt(Float32);
                writer.Write7BitEncodedInt(extents.Length);
                foreach (int extent in extents)
                    writer.Write7BitEncodedInt(extent);
                foreach (float value in values)
                    writer.Write(value);
            }
        }

        private static double[] Linear(float[] weights, float[] bias, double[] input) =>
            [.. bias.Select((offset, row) => offset + input.Select((value, column) => value * weights[row * input.Length + column]).Sum())];
    }
}
