using System.Collections.Immutable;
using System.Security.Cryptography;

namespace Octet.Runtime.Tests;

/// <summary>A folder as a build leaves it: a float model, variants, a manifest, a probe; with a cache folder of its own. Deleted in the end.</summary>
internal sealed class ModelFolder : IDisposable
{
    private const int Rows = 4;
    private const int Columns = 3;

    private static readonly float[] Weights = [1, -2, 3, 4, 5, -6, 7, 8, 9, -1, 2, 3];
    private static readonly float[] Input = [1, 2, -1, 0.5f];

    public ModelFolder()
    {
        Directory.CreateDirectory(Path);
        File.WriteAllBytes(FileOf("m.onnx"), OnnxModel.MatMul(Rows, Columns, Weights));
        Manifest = new ModelManifest
        {
            Name = "m",
            Float = "m.onnx",
            Selected = "float",
            Reason = "Nothing is faster.",
            Probe = "m.probe.npz",
            Variants = [Describe("float", "m.onnx") with { Verdict = "baseline", ProbeSqnrDb = 200 }],
        };
        using FileStream probe = File.Create(FileOf("m.probe.npz"));
        new Probe([new ProbeCase([Tensors.Floats("x", Input)], [Tensors.Floats("y", Multiply(Weights))])]).Write(probe);
    }

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"octet-{Guid.NewGuid():N}");

    public ModelManifest Manifest { get; set; }

    public string CacheFolder => FileOf("cache");

    public string ManifestPath => FileOf("m.octet.json");

    /// <summary>Timing that finds these speed-ups of what it is given, the float model apart, with narrow intervals.</summary>
    public Dictionary<int, double> Speedups { get; } = [];

    /// <summary>How often anything was measured.</summary>
    public int Measurements { get; private set; }

    /// <summary>The number of candidates in the last measurement, the float model included.</summary>
    public int Racers { get; private set; }

    public TimingOptions? LastOptions { get; private set; }

    public string FileOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Adds a variant whose weights are off by a factor, chosen by the build.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="error">0.01 gives 40 dB.</param>
    /// <param name="builtSqnrDb">What the manifest says of its agreement; null for what is true.</param>
    public ModelFolder AddVariant(string name, float error = 0.01f, double? builtSqnrDb = null)
    {
        float[] weights = [.. Weights.Select(weight => weight * (1 + error))];
        return AddVariant(name, OnnxModel.MatMul(Rows, Columns, weights), builtSqnrDb ?? Agreement.SqnrDb(Multiply(Weights), Multiply(weights)));
    }

    /// <summary>Adds a variant with the negative weights, whose outputs (halves from -63.5 to 63.5) octet.LookupTable negates again.</summary>
    public ModelFolder AddOperatorVariant(string name)
    {
        byte[] model = new OnnxGraph()
            .Input("x", OnnxGraph.Float, 1, Rows)
            .Constant("w", [.. Weights.Select(weight => -weight)], Rows, Columns)
            .Node("MatMul", ["x", "w"], "product")
            .QuantizeLinear("product", "q", 0.5f, 128)
            .Constant("table", [.. Enumerable.Range(0, 256).Select(value => (byte)(256 - value))], 256)
            .Node("octet:LookupTable", ["q", "table"], "negated")
            .DequantizeLinear("negated", 0.5f, 128)
            .Node("Identity", ["negated_float"], "y")
            .Output("y", OnnxGraph.Float, 1, Columns)
            .ToModel();
        AddVariant(name, model, builtSqnrDb: 200);
        ChangeVariant(name, variant => variant with { CustomOperators = true });
        return this;
    }

    private ModelFolder AddVariant(string name, byte[] model, double builtSqnrDb)
    {
        File.WriteAllBytes(FileOf($"m.{name}.onnx"), model);
        ManifestVariant variant = Describe(name, $"m.{name}.onnx") with
        {
            Verdict = "faster",
            Speedup = 2,
            MedianMilliseconds = 0.5,
            ProbeSqnrDb = builtSqnrDb,
        };
        Manifest = Manifest with { Selected = name, Reason = $"{name} is faster.", Variants = Manifest.Variants.Add(variant) };
        return this;
    }

    /// <summary>Writes the manifest as it is now.</summary>
    public ModelFolder WriteManifest()
    {
        using FileStream stream = File.Create(ManifestPath);
        Manifest.Write(stream);
        return this;
    }

    public void ChangeVariant(string name, Func<ManifestVariant, ManifestVariant> change) => Manifest = Manifest with
    {
        Variants = [.. Manifest.Variants.Select(variant => variant.Name == name ? change(variant) : variant)],
    };

    public QuantizedModel Open(Func<SelectionSettings, SelectionSettings>? change = null)
    {
        var settings = new SelectionSettings { CacheFolder = CacheFolder, Timing = Time };
        return new QuantizedModel("m", ManifestPath, change is null ? settings : change(settings));
    }

    /// <summary>The selection of a fresh process.</summary>
    public Selection Select(Func<SelectionSettings, SelectionSettings>? change = null) => Open(change).Selection;

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private ManifestVariant Describe(string name, string file)
    {
        byte[] content = File.ReadAllBytes(FileOf(file));
        return new ManifestVariant { Name = name, File = file, SizeBytes = content.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(content)) };
    }

    private ImmutableArray<TimingResult> Time(IReadOnlyList<Action> runs, TimingOptions options)
    {
        Measurements++;
        Racers = runs.Count;
        LastOptions = options;
        foreach (Action run in runs)
            run();
        return [.. runs.Select((_, i) =>
        {
            double speedup = i == 0 ? 1 : Speedups.GetValueOrDefault(i, 2);
            return new TimingResult(10 / speedup, 0, speedup, speedup * 0.99, speedup * 1.01, [10 / speedup]);
        })];
    }

    private static float[] Multiply(float[] weights) =>
        [.. Enumerable.Range(0, Columns).Select(column => Enumerable.Range(0, Rows).Sum(row => Input[row] * weights[row * Columns + column]))];
}
