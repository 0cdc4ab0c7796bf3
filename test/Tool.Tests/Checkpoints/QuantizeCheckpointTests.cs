namespace Octet.Tool.Tests.Checkpoints;

/// <summary>What <c>octet quantize</c> takes for a checkpoint, and what it says where it cannot export one.</summary>
public class QuantizeCheckpointTests
{
    [Theory]
    [InlineData("--module", "Net")]
    [InlineData("--module", "Net", "--assembly", "a.dll")]
    [InlineData("--assembly", "a.dll", "--input", "x=1,2")]
    [InlineData("--constructor-argument", "1")]
    public void Half_a_module_is_bad_usage(params string[] options)
    {
        using Workshop workshop = new();
        Outcome outcome = OctetProcess.Run(["quantize", workshop.Model, .. options]);
        Assert.Equal(2, outcome.ExitCode);
        Assert.StartsWith("A checkpoint takes --module, --assembly and --input.\n", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_exported_is_one_error_and_writes_nothing()
    {
        using Workshop workshop = new();
        File.WriteAllText(workshop.File("net.dat"), "weights");
        // An assembly without TorchSharp anywhere near it.
        Outcome outcome = OctetProcess.Run("quantize", workshop.File("net.dat"), "--module", "Net", "--assembly", typeof(Octet.Runtime.NamedTensor).Assembly.Location, "--input", "x=1,2", "-o", workshop.File("out"));
        Assert.True(outcome.ExitCode == 1, outcome.ToString());
        Assert.Single(outcome.Said("OCT2101"));
        Assert.Empty(workshop.Files("out"));
    }

    [Fact]
    public void A_build_says_the_same_of_the_checkpoint_and_goes_on_with_the_other_models()
    {
        using Workshop workshop = new();
        File.WriteAllText(workshop.File("project/models/net.onnx"), "weights");
        string assembly = typeof(Octet.Runtime.NamedTensor).Assembly.Location;
        Outcome outcome = workshop.Build("out", null, ("net", ["--checkpoint=true", "--module-type=Net", $"--module-assembly={assembly}", "--input-shapes=x=1,2"]), ("model", []));
        Assert.True(outcome.ExitCode == 1, outcome.ToString());
        Assert.Contains("[high] Octet: net: exporting models/net.onnx", outcome.Lines);
        Assert.Single(outcome.Said("OCT2101"));
        Assert.Contains(outcome.Lines, line => line.StartsWith("[high] Octet: model: quantizing", StringComparison.Ordinal));
        Assert.False(File.Exists(workshop.File("out/report.json")));
    }
}
