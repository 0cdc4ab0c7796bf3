using System.Reflection;
using Octet.Quantization.Tests;
using Octet.Tool.Checkpoints;
using Octet.Torch.Export;

namespace Octet.Tool.Tests.Checkpoints;

public sealed class ExportKeyTests : IDisposable
{
    // Everything that can decide the exported model, each with another value.
    private static readonly Dictionary<string, Func<ExportRequest, string, ExportRequest>> Changes = new()
    {
        ["Checkpoint"] = (export, other) => export with { Checkpoint = other },
        ["ModuleType"] = (export, _) => export with { ModuleType = "Other" },
        ["Assembly"] = (export, other) => export with { Assembly = other },
        ["ConstructorArguments"] = (export, _) => export with { ConstructorArguments = ["10", "wide", "more"] },
        ["Inputs"] = (export, _) => export with { Inputs = [new ExportInput("x", [1, 8], "Int64")] },
        ["References"] = (export, _) => export with { References = [typeof(Octet.Runtime.NamedTensor).Assembly.Location] },
        ["Output"] = (export, _) => export with { Output = "/out/other.onnx" },
        ["Opset"] = (export, _) => export with { Opset = 18 },
        ["FixedBatch"] = (export, _) => export with { FixedBatch = true },
        ["TorchFolders"] = (export, other) => export with { TorchFolders = [Path.GetDirectoryName(other)!] },
    };

    private readonly ScratchFolder _folder = new();

    public static TheoryData<string> Options => [.. typeof(ExportRequest).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(property => property.Name).Where(name => !name.StartsWith("OnnxRuntime", StringComparison.Ordinal))];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Options))]
    public void Every_option_is_in_the_key(string option)
    {
        ExportRequest export = Export("one");
        Assert.True(Changes.TryGetValue(option, out Func<ExportRequest, string, ExportRequest>? change), $"Say here how {option} changes, and hash it in ExportKey.");
        Assert.NotEqual(ExportKey.Of(export), ExportKey.Of(change(export, Write("other/libtorch_other.so", "other content"))));
    }

    [Fact]
    public void The_same_content_in_another_place_has_the_same_key() =>
        Assert.Equal(ExportKey.Of(Export("one")), ExportKey.Of(Export("two") with { Output = "/elsewhere/net.onnx" }));

    [Fact]
    public void A_reference_that_the_module_does_not_need_does_not_count()
    {
        ExportRequest export = Export("one");
        Assert.Equal(ExportKey.Of(export), ExportKey.Of(export with { References = [typeof(Xunit.Assert).Assembly.Location] }));
    }

    private ExportRequest Export(string folder) => new()
    {
        Checkpoint = Write($"{folder}/net.dat", "weights"),
        ModuleType = "Net",
        Assembly = typeof(Octet.Quantization.QuantizationRequest).Assembly.Location,
        ConstructorArguments = ["10", "wide"],
        Inputs = [new ExportInput("x", [1, 8])],
        Output = "/out/net.onnx",
        TorchFolders = [Path.GetDirectoryName(Write($"{folder}/native/libtorch_cpu.so", "native"))!],
    };

    private string Write(string name, string content)
    {
        string path = _folder.File(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }
}
