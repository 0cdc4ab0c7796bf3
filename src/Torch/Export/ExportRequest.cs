using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Octet.Quantization.Diagnostics;
using Octet.Torch.Conversion;

namespace Octet.Torch.Export;

/// <summary>An input of the model.</summary>
/// <param name="Name">Its name; forward's parameter of that name where there is one.</param>
/// <param name="Dimensions">Its extents, the batch first.</param>
/// <param name="ElementType">The name of its element type in TorchSharp, as <c>Int64</c>; null for floats, or integers where forward takes no floats.</param>
public sealed record ExportInput(string Name, ImmutableArray<long> Dimensions, string? ElementType = null);

/// <summary>What is exported, and how.</summary>
public sealed record ExportRequest
{
    /// <summary>The file with the weights; null for those that the constructor makes, which is of use in tests only.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>The full name of the class that derives from torch.nn.Module; empty for a TorchScript archive, which holds its code itself.</summary>
    public required string ModuleType { get; init; }

    /// <summary>The assembly that has it. For an archive any that refers to TorchSharp, or none where <see cref="TorchFolders"/> have it.</summary>
    public required string Assembly { get; init; }

    /// <summary>Assemblies that it may refer to, for one that lies apart from them and has no .deps.json: what a build has compiled and not yet copied.</summary>
    public ImmutableArray<string> References { get; init; } = [];

    /// <summary>The constructor's arguments, as text.</summary>
    public ImmutableArray<string> ConstructorArguments { get; init; } = [];

    /// <summary>The inputs.</summary>
    public ImmutableArray<ExportInput> Inputs { get; init; } = [];

    /// <summary>The .onnx file that is written.</summary>
    public required string Output { get; init; }

    /// <summary>The version of the standard operators.</summary>
    public long Opset { get; init; } = GraphConverter.DefaultOpset;

    /// <summary>Whether the batch is that of the inputs' extents, not dynamic.</summary>
    public bool FixedBatch { get; init; }

    /// <summary>Folders with TorchSharp.dll, its native library and libtorch, which are looked at first.</summary>
    public ImmutableArray<string> TorchFolders { get; init; } = [];

    /// <summary>Microsoft.ML.OnnxRuntime.dll; empty for the tool's own.</summary>
    public string OnnxRuntimeManaged { get; init; } = "";

    /// <summary>ONNX Runtime's native library; empty for the tool's own.</summary>
    public string OnnxRuntimeNative { get; init; } = "";
}

/// <summary>How far an output of the exported model is from TorchSharp's.</summary>
/// <param name="Batch">The batch size.</param>
/// <param name="Output">The output's name.</param>
/// <param name="Error">The largest difference, divided by the largest magnitude of TorchSharp's output.</param>
public sealed record OutputError(long Batch, string Output, double Error);

/// <summary>What came of an export.</summary>
public sealed record ExportResponse
{
    /// <summary>Whether the file was written.</summary>
    public bool Written { get; init; }

    /// <summary>Everything that is to be said.</summary>
    public ImmutableArray<Diagnostic> Diagnostics { get; init; } = [];

    /// <summary>The inputs, as <c>input: Float32[batch,3,32,32]</c>.</summary>
    public ImmutableArray<string> Inputs { get; init; } = [];

    /// <summary>The outputs likewise.</summary>
    public ImmutableArray<string> Outputs { get; init; } = [];

    /// <summary>The number of native calls that were traced.</summary>
    public int Calls { get; init; }

    /// <summary>The number of nodes that were written.</summary>
    public int Nodes { get; init; }

    /// <summary>The largest errors that the verification has found.</summary>
    public ImmutableArray<OutputError> Verification { get; init; } = [];

    /// <summary>Seconds that it took: until the module was constructed, then traced, converted, verified.</summary>
    public ImmutableArray<double> Seconds { get; init; } = [];
}

/// <summary>Requests and responses as files between the two processes.</summary>
internal static class ExportFiles
{
    private static readonly JsonSerializerOptions Options = new() { WriteIndented = true, Converters = { new JsonStringEnumConverter() } };

    public static string ResponsePath(string request) => Path.ChangeExtension(request, ".response.json");

    public static void Write<T>(string path, T value) => Quantization.AtomicFile.WriteText(path, JsonSerializer.Serialize(value, Options));

    public static T Read<T>(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return JsonSerializer.Deserialize<T>(stream, Options)!;
    }
}
