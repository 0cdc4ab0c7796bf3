using System.Collections.Immutable;
using Octet.Quantization.Tests;
using Octet.Torch.Export;
using TorchSharp;

namespace Octet.Torch.Tests.Export;

/// <summary>What cannot be exported is said with a code and what it is about, and nothing is written.</summary>
public sealed class RefusalTests : IClassFixture<RefusalTests.Refused>
{
    private readonly Refused _refused;

    public RefusalTests(Refused refused) => _refused = refused;

    [Fact]
    public void Nothing_is_written() => Assert.All(_refused.All, pair =>
    {
        Assert.False(pair.Response.Written, pair.Request.ModuleType);
        Assert.False(File.Exists(pair.Request.Output));
    });

    [Theory]
    [InlineData("UnknownCall", "OCT2108", "THSTensor_digamma", "_layers.second (Digamma)")]
    [InlineData("AlwaysDropping", "OCT2109", "THSNN_dropout", "training=true")]
    [InlineData("WriteThroughView", "OCT2110", "THSTensor_add_scalar", "THSTensor_mul_scalar_")]
    [InlineData("Noise", "OCT2111", "THSTensor_randn", "_noisy (Noisy)")]
    [InlineData("BatchAsNumber", "OCT2112", "THSTensor_mul_scalar", "2 at batch 2 and 3 at batch 3")]
    [InlineData("BranchOnData", "OCT2113", "'output'", "THSTensor_data in BranchOnData")]
    [InlineData("BranchOnData", "OCT2114", "THSTensor_data", "BranchOnData")]
    [InlineData("NoModule", "OCT2103", "abstract", "torch.nn.Module")]
    [InlineData("Absent", "OCT2103", "no such type", "Octet.Torch.Tests.Export.Aliases")]
    [InlineData("Configured", "OCT2104", "(Int32 width, Double scale, DayOfWeek day = ...)", "Int64[] widths")]
    [InlineData("Throwing", "OCT2105", "InvalidOperationException", "the vocabulary is missing")]
    [InlineData("SmallResidual", "OCT2107", "image[1,5,8,8]", "Exception")]
    [InlineData("TwoInputs", "OCT2117", "(Tensor features, Tensor shift)", "1 tensors")]
    [InlineData("TextOut", "OCT2117", "String", "not tensors")]
    public void The_reason_is_named(string type, string code, string what, string where)
    {
        string text = _refused[type].Said(code);
        Assert.Contains(what, text, StringComparison.Ordinal);
        Assert.Contains(where, text, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_that_do_not_fit_are_all_named()
    {
        string text = _refused["WithCheckpoint"].Said("OCT2106");
        Assert.Contains("it lacks '_classifier.bias' [5]", text, StringComparison.Ordinal);
        Assert.Contains("it has besides 'extra.weight' [2]", text, StringComparison.Ordinal);
        Assert.Contains("'_conv1.weight' [4,3,5,5] where the module has [4,3,3,3]", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_process_that_ends_without_a_word_is_one_diagnostic_with_its_log()
    {
        ExportResponse response = Exports.Run(Exports.Request(_refused.Folder, "Aborting", ("x", [1, 8])))[0];
        string text = response.Said("OCT2115");
        Assert.Contains("134", text, StringComparison.Ordinal);
        Assert.Contains("mat1 and mat2 shapes cannot be multiplied (2x8 and 5x5)", text, StringComparison.Ordinal);
        string log = text.Split('\'').Single(part => part.EndsWith(".log", StringComparison.Ordinal));
        Assert.True(File.Exists(log));
        Directory.Delete(Path.GetDirectoryName(log)!, recursive: true);
    }

    [Fact]
    public void An_assembly_that_is_none_is_said()
    {
        string path = _refused.Folder.File("none.dll");
        File.WriteAllText(path, "no assembly");
        ExportRequest request = Exports.Request(_refused.Folder, "SmallResidual", ("image", [1, 3, 8, 8])) with { Assembly = path };
        Assert.NotEmpty(Exports.Run(request)[0].Said("OCT2102"));
    }

    /// <summary>Tries them all in one process.</summary>
    public sealed class Refused : IDisposable
    {
        private readonly ImmutableArray<ExportRequest> _requests;
        private readonly ImmutableArray<ExportResponse> _responses;
        private readonly string _checkpoint;

        public Refused()
        {
            _checkpoint = Folder.File("unfit.dat");
            using (SmallResidual module = new())
            {
                Dictionary<string, torch.Tensor> state = module.state_dict();
                state.Remove("_classifier.bias");
                state["extra.weight"] = torch.zeros(2);
                state["_conv1.weight"] = torch.zeros(4, 3, 5, 5);
                using BinaryWriter writer = new(File.Create(_checkpoint));
                torch.nn.Module.save_state_dict(writer, state);
            }
            string[] types = ["UnknownCall", "AlwaysDropping", "WriteThroughView", "Noise", "BatchAsNumber", "BranchOnData", "NoModule", "Absent", "Configured", "Throwing", "TwoInputs", "TextOut"];
            _requests =
            [
                .. types.Select(type => Exports.Request(Folder, type, ("x", [1, 8]))),
                Exports.Request(Folder, "SmallResidual", ("image", [1, 5, 8, 8])),
                Exports.Request(Folder, "SmallResidual", ("image", [1, 3, 8, 8])) with { Checkpoint = _checkpoint },
            ];
            _responses = Exports.Run(_requests);
        }

        internal ScratchFolder Folder { get; } = new();

        public IEnumerable<(ExportRequest Request, ExportResponse Response)> All => _requests.Zip(_responses);

        public ExportResponse this[string type] => type == "WithCheckpoint" ? _responses[^1] : All.First(pair => pair.Request.ModuleType == type).Response;

        public void Dispose() => Folder.Dispose();
    }
}
