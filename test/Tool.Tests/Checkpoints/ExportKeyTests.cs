using System.Reflection;
using Octet.Quantization.Tests;
using Octet.Tool.Checkpoints;

namespace Octet.Tool.Tests.Checkpoints;

public sealed class ExportKeyTests : IDisposable
{
    // Everything that can decide the exported model, each with another value.
    private static readonly Dictionary<string, Func<CheckpointExport, string, CheckpointExport>> Changes = new()
    {
        ["Path"] = (export, other) => export with { Path = other },
        ["ModuleType"] = (export, _) => export with { ModuleType = "Other" },
        ["ModuleAssembly"] = (export, other) => export with { ModuleAssembly = other },
        ["ConstructorArguments"] = (export, _) => export with { ConstructorArguments = ["10", "wide", "more"] },
        ["Inputs"] = (export, _) => export with { Inputs = ["x=1,4"] },
        ["References"] = (export, _) => export with { References = [typeof(Octet.Runtime.NamedTensor).Assembly.Location] },
        ["TorchSharp"] = (export, other) => export with { TorchSharp = other },
        ["NativeFolders"] = (export, other) => export with { NativeFolders = [Path.GetDirectoryName(other)!] },
    };

    private readonly ScratchFolder _folder = new();

    public static TheoryData<string> Options => [.. typeof(CheckpointExport).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(property => property.Name)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Options))]
    public void Every_option_is_in_the_key(string option)
    {
        CheckpointExport export = Export("one");
        Assert.True(Changes.TryGetValue(option, out Func<CheckpointExport, string, CheckpointExport>? change), $"Say here how {option} changes, and hash it in ExportKey.");
        Assert.NotEqual(ExportKey.Of(export, "net.onnx"), ExportKey.Of(change(export, Write("other/libtorch_other.so", "other content")), "net.onnx"));
    }

    [Fact]
    public void The_same_content_in_another_place_has_the_same_key_and_another_name_has_not()
    {
        Assert.Equal(ExportKey.Of(Export("one"), "net.onnx"), ExportKey.Of(Export("two"), "net.onnx"));
        Assert.NotEqual(ExportKey.Of(Export("one"), "net.onnx"), ExportKey.Of(Export("two"), "other.onnx"));
    }

    [Fact]
    public void A_reference_that_the_module_does_not_need_does_not_count()
    {
        CheckpointExport export = Export("one");
        Assert.Equal(ExportKey.Of(export, "net.onnx"), ExportKey.Of(export with { References = [typeof(Xunit.Assert).Assembly.Location] }, "net.onnx"));
    }

    private CheckpointExport Export(string folder) => new()
    {
        Path = Write($"{folder}/net.dat", "weights"),
        ModuleType = "Net",
        ModuleAssembly = typeof(Octet.Quantization.QuantizationRequest).Assembly.Location,
        ConstructorArguments = ["10", "wide"],
        Inputs = ["x=1,8"],
        TorchSharp = Write($"{folder}/TorchSharp.dll", "managed"),
        NativeFolders = [Path.GetDirectoryName(Write($"{folder}/native/libtorch_cpu.so", "native"))!],
    };

    private string Write(string name, string content)
    {
        string path = _folder.File(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }
}
