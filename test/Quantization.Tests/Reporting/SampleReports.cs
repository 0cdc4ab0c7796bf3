using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Octet.Quantization.Reporting;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Reporting;

/// <summary>Reports as a build makes them, with invented but plausible figures.</summary>
internal static class SampleReports
{
    public static readonly MachineDescription Machine = new("AMD EPYC 9R14", ["avx2", "avx512f", "avx512-vnni"], 2, "Linux x64", "1.31.1");

    /// <summary>A model whose int8 variant wins, one whose accuracy is unverified, and one that stays float.</summary>
    public static QuantizationReport Typical => new(1, Machine, [Direction, Detector, Faces]);

    public static ModelReport Direction => new(
        "direction",
        "models/direction.onnx",
        new string('a', 64),
        "int8",
        "1.59x as fast as float (1.54-1.63) and within 0.2 % of its accuracy on 60 images",
        [
            Float(0.972, 585_532, new AccuracyReport("top1", 0.9833, 0.9833, 0, 60, true), 54, spread: 0.011),
            new("int8", "variants/models/direction.int8.onnx", 161_120, 0.611, 0.006, 1.59, 1.54, 1.63,
                new AccuracyReport("top1", 0.9833, 0.9817, 0.0016, 60, true), 48, 6, 4, "faster", "1.59x as fast as float, 48 of 54 compute nodes in integer kernels",
                Recipe("static", "Conv_0", "Conv_3"), Latencies(0.611, 0.006, 2)),
            new("int8-portable", "variants/models/direction.int8-portable.onnx", 161_884, 0.702, 0.008, 1.38, 1.33, 1.42,
                new AccuracyReport("top1", 0.9833, 0.9750, 0.0083, 60, true), 48, 6, 4, "faster", "1.38x as fast as float",
                Recipe("static"), Latencies(0.702, 0.008, 3)),
            new("float16", "", 297_216, 1.31, 0.02, 0.74, 0.72, 0.76,
                new AccuracyReport("top1", 0.9833, 0.9833, 0, 60, true), 0, 54, 0, "slower", "0.74x: this processor has no float16 arithmetic, so every node converts its inputs to float and back",
                null, Latencies(1.31, 0.02, 4)),
            Failed("int8-dynamic", "ONNX Runtime has no ConvInteger kernel for the signed activations of 38 Conv nodes"),
        ],
        Layers(54, 7),
        1,
        1);

    public static ModelReport Detector => new(
        "text-detector",
        "models/text-detector.onnx",
        new string('b', 64),
        "int8",
        "1.46x as fast as float (1.41-1.52)",
        [
            Float(114.2, 4_745_517, null, 62, spread: 1.4),
            new("int8", "variants/models/text-detector.int8.onnx", 1_310_044, 78.1, 0.9, 1.46, 1.41, 1.52,
                new AccuracyReport("sqnr-db", null, 31.2, 0.0276, 8, false), 60, 2, 2, "faster", "1.46x as fast as float",
                Recipe("static"), Latencies(78.1, 0.9, 5)),
            new("int4-weights", "", 812_411, 141.0, 2.1, 0.81, 0.79, 0.84,
                new AccuracyReport("sqnr-db", null, 14.9, 0.18, 8, false), 0, 62, 0, "inaccurate", "14.9 dB loses 18 % against a limit of 1 %, and 0.81x is slower than float as well",
                Recipe("weights"), Latencies(141, 2.1, 6)),
        ],
        Layers(62, 11),
        1,
        1);

    public static ModelReport Faces => new(
        "face-back",
        "models/face-back.onnx",
        new string('c', 64),
        "float",
        "none of 2 variants is faster: its depthwise convolutions run faster in float",
        [
            Float(7.71, 1_041_220, null, 33, spread: 0.1),
            new("int8", "", 322_404, 11.2, 0.14, 0.69, 0.67, 0.70,
                new AccuracyReport("agreement", null, 0.994, 0.006, 40, true), 33, 0, 6, "slower", "0.69x: 16 depthwise Conv nodes with 24 channels take 7.9 ms in integer kernels and 4.1 ms in float",
                Recipe("static"), Latencies(11.2, 0.14, 8)),
            new("int8-dynamic", "", 330_188, 121.0, 1.9, 0.064, 0.062, 0.066,
                new AccuracyReport("agreement", null, 0.997, 0.003, 40, true), 33, 0, 66, "slower", "0.064x: ConvInteger has no fast kernel",
                Recipe("dynamic"), Latencies(121, 1.9, 9)),
        ],
        Layers(33, 13),
        2,
        1);

    public static ModelReport OnlyFloat => Direction with
    {
        Name = "only-float",
        Selected = "float",
        Reason = "nothing in the model can be quantized",
        Variants = [Direction.Variants[0]],
        Layers = [],
    };

    public static VariantReport Failed(string name, string reason) => new(
        name, "", 0, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, null, 0, 0, 0, "failed", reason, null, []);

    public static QuantizationReport Of(params ModelReport[] models) => new(1, Machine, [.. models]);

    public static ImmutableArray<LayerReport> Layers(int count, int seed)
    {
        var random = new Random(seed);
        return
        [
            .. Enumerable.Range(0, count)
                .Select(i =>
                {
                    bool quantized = i % 9 != 4;
                    double time = 4 + random.NextDouble() * 40;
                    return new LayerReport(
                        string.Create(CultureInfo.InvariantCulture, $"/backbone/stage{i / 12}/block{i % 12 / 3}/Conv_{i}"),
                        i % 7 == 6 ? "Gemm" : "Conv",
                        quantized ? 12 + random.NextDouble() * 35 : null,
                        time,
                        quantized ? time * (0.3 + random.NextDouble() * 0.6) : time * 1.02,
                        quantized);
                })
                .OrderBy(layer => layer.SqnrDb ?? double.MaxValue),
        ];
    }

    private static VariantReport Float(double median, long size, AccuracyReport? accuracy, int nodes, double spread) => new(
        "float", "models/model.onnx", size, median, spread, 1, 1, 1, accuracy, 0, nodes, 0, "baseline", "", null, Latencies(median, spread, 1));

    private static ImmutableArray<double> Latencies(double median, double spread, int seed)
    {
        var random = new Random(seed);
        // Skewed to the slow side, as timings are.
        return [.. Enumerable.Range(0, 60).Select(_ => median - spread + 2.2 * spread * -Math.Log(1 - random.NextDouble()) * 0.7)];
    }

    private static JsonObject Recipe(string method, params string[] exclude) => new()
    {
        ["method"] = method,
        ["activations"] = new JsonObject { ["type"] = "uint8", ["range"] = "entropy" },
        ["weights"] = new JsonObject { ["type"] = "int8", ["granularity"] = "per-channel" },
        ["exclude"] = new JsonArray([.. exclude.Select(name => (JsonNode)name)]),
        ["calibrationSamples"] = 300,
        ["float"] = new JsonArray([.. exclude.Select(name => (JsonNode)new JsonObject { ["node"] = name, ["reason"] = "it is excluded" })]),
    };
}
