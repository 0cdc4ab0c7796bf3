using System.Collections.Immutable;
using Octet.Quantization.Tests;
using Octet.Torch.Export;
using Octet.Torch.Tests.Checkpoints;
using Octet.Torch.Tests.Export;

namespace Octet.Torch.Tests.TorchScript;

/// <summary>Archives to ONNX, in one process of octet, with the export's own verification.</summary>
public class ScriptExportTests
{
    [Fact]
    public void Archives_are_exported_without_a_module_type()
    {
        using var folder = new ScratchFolder();
        (string Name, byte[] Archive, ExportInput Input)[] archives =
        [
            ("residual", ScriptNetworks.TracedResidual(), new("x", [1, 3, 8, 8])),
            ("control", ScriptNetworks.ScriptedControlFlow(), new("x", [1, 6])),
            ("unet", ScriptNetworks.ScriptedUNet(), new("x", [1, 3, 6, 8])),
            ("transformer", ScriptNetworks.TracedTransformer(), new("tokens", [1, 5], "Int64")),
            ("lstm", ScriptNetworks.TracedRecurrent("lstm", bidirectional: true), new("x", [1, 4, 3])),
            ("gru", ScriptNetworks.TracedRecurrent("gru", bidirectional: false), new("x", [1, 4, 3])),
        ];
        ExportRequest[] requests = [.. archives.Select(archive =>
        {
            File.WriteAllBytes(folder.File(archive.Name + ".pt"), archive.Archive);
            return Request(folder, archive.Name, archive.Input);
        })];

        ImmutableArray<ExportResponse> responses = Exports.Run(requests);

        Assert.All(responses, response =>
        {
            Assert.True(response.Written, string.Join('\n', response.Diagnostics));
            Assert.Equal([1, 2, 3, 5], response.Verification.Select(error => error.Batch).Distinct().Order());
            Assert.All(response.Verification, error => Assert.InRange(error.Error, 0, 1e-5));
        });
        Assert.Contains("fc.weight", Exports.Model(requests[0]).Graph.Initializer.Select(initializer => initializer.Name));
    }

    [Fact]
    public void What_an_archive_lacks_is_told_and_nothing_is_written()
    {
        using var folder = new ScratchFolder();
        File.WriteAllBytes(folder.File("unknown.pt"), ScriptArchive.OfExpression("torch.frobnicate(x)"));
        File.WriteAllBytes(folder.File("weights.pt"), CheckpointWriter.StateDictionary([new("w", Octet.Torch.Checkpoints.TorchElementType.Float32, [1], new byte[4])]));
        ExportRequest[] requests = [Request(folder, "unknown", new("x", [1, 2])), Request(folder, "weights", new("x", [1, 2])), Request(folder, "unknown", new("x", [1, 2])) with { TorchFolders = [] }];

        ImmutableArray<ExportResponse> responses = Exports.Run(requests);

        Assert.Contains("frobnicate", string.Join('\n', responses[0].Diagnostics.Select(diagnostic => diagnostic.Text)), StringComparison.Ordinal);
        responses[1].Said("OCT2125");
        responses[2].Said("OCT2101");
        Assert.All(requests, request => Assert.False(File.Exists(request.Output)));
    }

    private static ExportRequest Request(ScratchFolder folder, string name, ExportInput input) => new()
    {
        Checkpoint = folder.File(name + ".pt"),
        ModuleType = "",
        Assembly = "",
        Inputs = [input],
        Output = folder.File(name + ".onnx"),
        TorchFolders = [.. TorchFolders.All],
    };
}
