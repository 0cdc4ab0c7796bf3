using System.Collections.Immutable;
using System.IO.Compression;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Pipeline;

/// <summary>A model with its data and its output folder, and the pipeline's run on them.</summary>
internal sealed class PipelineFolder : IDisposable
{
    private readonly ScratchFolder _folder = new();

    public PipelineFolder(ModelProto? model = null)
    {
        if (model is not null)
            OnnxFile.Write(model, ModelPath);
    }

    public string ModelPath => _folder.File("model.onnx");

    public string Output => _folder.File("out");

    public string Scratch => Path.Combine(Output, ".model.scratch");

    public Diagnosed Diagnosed { get; } = new();

    public string File(string name) => _folder.File(name);

    /// <summary>Names of the files in the output folder, whatever folders are in it.</summary>
    public string[] OutputFiles => [.. Directory.EnumerateFiles(Output, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Output, file)).Order(StringComparer.Ordinal)];

    /// <summary>Adds .npy files to the folder data.</summary>
    public PipelineFolder WithSamples(int count, params long[] shape)
    {
        for (int seed = 0; seed < count; seed++)
            Write($"{seed}.npy", Reference.Tensor("x", shape, seed));
        return this;
    }

    public void Write(string name, NamedTensor tensor)
    {
        Directory.CreateDirectory(_folder.File("data"));
        using FileStream stream = System.IO.File.Create(Path.Combine(_folder.File("data"), name));
        Npy.Write(stream, tensor);
    }

    /// <summary>Adds a sample of several inputs to the folder data, as an .npz file.</summary>
    public void WriteInputs(string name, params NamedTensor[] inputs)
    {
        Directory.CreateDirectory(_folder.File("data"));
        using ZipArchive archive = ZipFile.Open(Path.Combine(_folder.File("data"), $"{name}.npz"), ZipArchiveMode.Create);
        foreach (NamedTensor input in inputs)
            using (Stream entry = archive.CreateEntry($"{input.Name}.npy").Open())
                Npy.Write(entry, input);
    }

    /// <summary>What a user who set nothing but the margins would ask for. Everything that can run ships, whatever the machine is doing.</summary>
    public QuantizationRequest Request => new()
    {
        ModelPath = ModelPath,
        Name = "model",
        Source = "models/model.onnx",
        OutputDirectory = Output,
        FloatFileName = "model.onnx",
        Data = Directory.Exists(_folder.File("data")) ? [_folder.File("data")] : ImmutableArray<string>.Empty,
        Target = "x64-vnni",
        MaxAccuracyDrop = 1,
        MinSpeedup = 1e-6,
        Search = false,
        TimeBudget = TimeSpan.FromSeconds(1),
        Threads = 1,
    };

    public QuantizationResult Run(Func<QuantizationRequest, QuantizationRequest>? change = null, CancellationToken cancellation = default, IProgress<QuantizationProgress>? progress = null) =>
        QuantizationPipeline.Run(change is null ? Request : change(Request), Diagnosed, progress, cancellation);

    public ModelManifest Manifest()
    {
        using FileStream stream = System.IO.File.OpenRead(Path.Combine(Output, "model.octet.json"));
        return ModelManifest.Read(stream);
    }

    public void Dispose() => _folder.Dispose();
}
