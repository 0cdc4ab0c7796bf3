using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Reporting;
using Octet.Quantization.Tests;
using Octet.Quantization.Tests.Pipeline;
using Octet.Runtime;

namespace Octet.Tool.Tests;

/// <summary>A project's folder with models, data, a cache of its own, and plans as the targets write them.</summary>
internal sealed class Workshop : IDisposable
{
    private readonly ScratchFolder _folder = new();

    public Workshop()
    {
        AddModel("model", SmallModels.Classifier());
        for (int seed = 0; seed < 3; seed++)
            AddSample($"{seed}.npy", seed);
    }

    public string Path => _folder.Path;

    public string Model => File("project/models/model.onnx");

    public string Data => File("project/data");

    public string Cache => File("cache");

    public string File(string name) => _folder.File(name);

    public string AddModel(string name, ModelProto model)
    {
        string path = File($"project/models/{name}.onnx");
        OnnxFile.Write(model, path);
        return path;
    }

    public void AddSample(string name, int seed)
    {
        Random random = new(seed);
        Directory.CreateDirectory(Data);
        using FileStream stream = System.IO.File.Create(System.IO.Path.Combine(Data, name));
        Npy.Write(stream, new NamedTensor("x", [.. SmallModels.Shape], Enumerable.Range(0, 192).Select(_ => random.NextSingle() * 2 - 1).ToArray()));
    }

    /// <summary>Writes a plan in which everything that can run ships, whatever the machine is doing.</summary>
    /// <param name="output">The output folder, in the workshop.</param>
    /// <param name="global">Lines more, or instead of one with the same key.</param>
    /// <param name="models">The models' own lines by name; none for the one model with its data.</param>
    public string Plan(string output, string[]? global = null, params (string Name, string[] Lines)[] models)
    {
        if (models.Length == 0)
            models = [("model", [])];
        List<string> lines =
        [
            .. Merge([$"--output={File(output)}", $"--project-directory={File("project")}", $"--cache={Cache}", "--use-cache=true", $"--log={File("crash.log")}"], global ?? []),
            .. models.SelectMany(model => Merge(
                [
                    $"--model={File($"project/models/{model.Name}.onnx")}", $"--name={model.Name}", $"--link=models/{model.Name}.onnx", "--target=x64-vnni", "--min-speedup=0.000001",
                    "--max-accuracy-drop=1", "--time-budget=1", "--threads=1", "--search=false", $"--data={System.IO.Path.Combine(Data, "0.npy")}", $"--data={System.IO.Path.Combine(Data, "1.npy")}",
                ],
                model.Lines)),
        ];
        string path = File($"{output}.rsp");
        System.IO.File.WriteAllLines(path, lines);
        return path;
    }

    public Outcome Build(string output, string[]? global = null, params (string Name, string[] Lines)[] models) => OctetProcess.Run("build", $"@{Plan(output, global, models)}");

    public QuantizationReport Report(string output)
    {
        using FileStream stream = System.IO.File.OpenRead(File($"{output}/report.json"));
        return ReportJson.Read(stream);
    }

    public byte[] Bytes(string name) => System.IO.File.ReadAllBytes(File(name));

    /// <summary>Files of a folder of the workshop, relative to it.</summary>
    public string[] Files(string folder) =>
        Directory.Exists(File(folder)) ? [.. Directory.EnumerateFiles(File(folder), "*", SearchOption.AllDirectories).Select(file => System.IO.Path.GetRelativePath(File(folder), file)).Order(StringComparer.Ordinal)] : [];

    /// <summary>The folders of the cache's entries.</summary>
    public string[] Entries => Directory.Exists(File("cache/v1/entries")) ? Directory.GetDirectories(File("cache/v1/entries")) : [];

    public void Dispose() => _folder.Dispose();

    // A line replaces those with the same key; a key alone takes them out.
    private static IEnumerable<string> Merge(string[] lines, string[] changes)
    {
        static string Key(string line) => line.Split('=')[0];
        HashSet<string> changed = [.. changes.Select(Key)];
        return lines.Where(line => !changed.Contains(Key(line))).Concat(changes.Where(line => line.Contains('=', StringComparison.Ordinal)));
    }
}
