using System.Diagnostics;
using System.Text.Json;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Tests;
using TorchSharp;

namespace Octet.Torch.Tests.Export;

/// <summary><c>octet export</c> as a user calls it.</summary>
public sealed class ExportVerbTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    [Fact]
    public void A_checkpoint_becomes_a_model_with_its_weights()
    {
        string checkpoint = _folder.File("net.dat");
        float[] weights;
        using (SmallResidual module = new())
        {
            module.save(checkpoint);
            weights = module.state_dict()["_conv1.weight"].data<float>().ToArray();
        }
        (int exitCode, string output, string error) = Run(checkpoint, "SmallResidual", ["image=1,3,8,8"]);
        Assert.True(exitCode == 0, error);
        Assert.Contains("verified  at batch 1, 2, 3, 5", output, StringComparison.Ordinal);
        TensorProto exported = OnnxFile.Read(_folder.File("net.onnx")).Graph.Initializer.Single(initializer => initializer.Name == "_conv1.weight");
        Assert.Equal(weights, exported.ToFloats());
    }

    [Fact]
    public void Json_says_how_far_outputs_are_off()
    {
        string checkpoint = Saved(new TwoInputs());
        (int exitCode, string output, string error) = Run(checkpoint, "TwoInputs", ["features=1,7", "shift=1,4"], "--json", "-o", _folder.File("other.onnx"));
        Assert.True(exitCode == 0, error);
        JsonElement json = JsonDocument.Parse(output).RootElement;
        Assert.Equal(8, json.GetProperty("verification").GetArrayLength());
        Assert.True(File.Exists(_folder.File("other.onnx")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(300)]
    public void A_truncated_checkpoint_is_said_and_nothing_is_written(int length)
    {
        string checkpoint = Saved(new SmallResidual());
        using (FileStream stream = File.OpenWrite(checkpoint))
            stream.SetLength(length);
        (int exitCode, _, string error) = Run(checkpoint, "SmallResidual", ["image=1,3,8,8"]);
        Assert.Equal(1, exitCode);
        Assert.Contains($"{checkpoint} : error OCT2", error, StringComparison.Ordinal);
        Assert.Equal([checkpoint], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Without_libtorch_the_folders_that_were_looked_at_are_named()
    {
        string checkpoint = Saved(new TwoInputs());
        (int exitCode, _, string error) = Run(checkpoint, "TwoInputs", ["features=1,7", "shift=1,4"], start =>
        {
            start.Environment["HOME"] = _folder.Path;
            start.Environment["NUGET_PACKAGES"] = _folder.Path;
        });
        Assert.Equal(1, exitCode);
        Assert.Contains(" OCT2101: ", error, StringComparison.Ordinal);
        Assert.Contains(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar), error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("image")]
    [InlineData("image=1,x")]
    [InlineData("image=1,3:float99")]
    public void An_input_of_another_form_is_bad_usage(string input)
    {
        (int exitCode, _, string error) = Run("net.dat", "SmallResidual", [input]);
        Assert.Equal(2, exitCode);
        Assert.Contains("NAME=1,3,32,32", error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private string Saved(torch.nn.Module module)
    {
        string path = _folder.File("saved.dat");
        using (module)
            module.save(path);
        return path;
    }

    private static (int ExitCode, string Output, string Error) Run(string checkpoint, string type, string[] inputs, params string[] more) => Run(checkpoint, type, inputs, null, more);

    private static (int ExitCode, string Output, string Error) Run(string checkpoint, string type, string[] inputs, Action<ProcessStartInfo>? environment, params string[] more)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (string argument in (string[])["exec", Exports.Tool, "export", checkpoint, "--module", type, "--assembly", typeof(ExportVerbTests).Assembly.Location, .. inputs.SelectMany(input => new[] { "--input", input }), .. more])
            start.ArgumentList.Add(argument);
        environment?.Invoke(start);
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
