using System.Collections.Immutable;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Tests;
using Octet.Torch.Conversion;
using Octet.Torch.Export;
using Octet.Torch.Tests.Export;
using TorchModules;
using TorchSharp;

namespace Octet.Torch.Tests.Modules;

/// <summary>A network of testassets/TorchModules, to be exported with random weights from a checkpoint.</summary>
/// <param name="Type">Its class.</param>
/// <param name="Inputs">Its inputs as on the command line, with the type where it is not float: <c>x=2,3,32,32</c>, <c>tokens:Int64=2,9</c>.</param>
/// <param name="Arguments">Its constructor's arguments.</param>
public sealed record Network(string Type, string[] Inputs, params string[] Arguments)
{
    public long Opset { get; init; } = GraphConverter.DefaultOpset;

    /// <summary>Exports networks in one process.</summary>
    public static ImmutableArray<NetworkExport> Export(params IReadOnlyList<Network> networks)
    {
        using ScratchFolder folder = new();
        ExportRequest[] requests = [.. networks.Select((network, i) => network.Request(folder.File($"{i}")))];
        return [.. Exports.Run(requests).Zip(requests, (response, request) => new NetworkExport(response, response.Written ? Exports.Model(request) : null))];
    }

    private ExportRequest Request(string path) => new()
    {
        ModuleType = $"TorchModules.{Type}",
        Assembly = typeof(RandomWeights).Assembly.Location,
        ConstructorArguments = [.. Arguments],
        Inputs = [.. Inputs.Select(Input)],
        Checkpoint = Checkpoint($"{path}.dat"),
        Output = $"{path}.onnx",
        Opset = Opset,
        TorchFolders = [.. TorchFolders.All],
    };

    private static ExportInput Input(string text)
    {
        string[] halves = text.Split('=');
        string[] name = halves[0].Split(':');
        return new(name[0], [.. halves[1].Split(',').Select(long.Parse)], name.Length > 1 ? name[1] : "Float32");
    }

    private string? Checkpoint(string path)
    {
        try
        {
            using torch.nn.Module module = ModuleConstruction.Construct(typeof(RandomWeights).Assembly, $"TorchModules.{Type}", [.. Arguments]);
            RandomWeights.Fill(module, 7).save(path);
            return path;
        }
        catch (DiagnosticException)
        {
            // Its constructor throws, which is for the export to say.
            return null;
        }
    }
}

/// <summary>What came of exporting a network.</summary>
public sealed record NetworkExport(ExportResponse Response, ModelProto? Model)
{
    /// <summary>Passes if the model was written, and verified at batch sizes that were traced and others.</summary>
    public void AssertVerified()
    {
        Assert.True(Response.Written, string.Join("\n", Response.Diagnostics.Select(diagnostic => $"{diagnostic.Code}: {diagnostic.Text}")));
        Assert.Equal([1, 2, 3, 5], Response.Verification.Select(error => error.Batch).Distinct().Order());
        Assert.All(Response.Verification, error => Assert.InRange(error.Error, 0, 1e-5));
    }

    /// <summary>Passes if nothing was written, for a reason that the text tells.</summary>
    public void AssertRefused(string code, string text)
    {
        Assert.False(Response.Written);
        Assert.Contains(Response.Diagnostics, diagnostic => diagnostic.Code == code && diagnostic.Text.Contains(text, StringComparison.Ordinal));
    }

    /// <summary>How many nodes of an operator the model has.</summary>
    public int Count(string operation) => Model!.Graph.Node.Count(node => node.OpType == operation);
}
