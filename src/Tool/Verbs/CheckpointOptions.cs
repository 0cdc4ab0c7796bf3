using System.CommandLine;
using Octet.Torch.Export;

namespace Octet.Tool.Verbs;

/// <summary>Options that say which module a checkpoint's weights are of, each verb with instances of its own.</summary>
internal sealed class CheckpointOptions
{
    public Option<string?> Module { get; } = new("--module") { Description = "The full name of the class that derives from torch.nn.Module. A TorchScript archive needs none." };

    public Option<string?> Assembly { get; } = new("--assembly") { Description = "The .dll that has it, or, for a TorchScript archive, one that refers to TorchSharp." };

    public Option<string[]> ConstructorArgument { get; } = new("--constructor-argument") { Description = "An argument of the module's constructor. May be given several times, in order.", DefaultValueFactory = _ => [] };

    public Option<string[]> TorchFolder { get; } = new("--torch-folder")
    {
        Description = "A folder with TorchSharp.dll, its native library or libtorch, looked at before the packages of the assembly. May be given several times.",
        DefaultValueFactory = _ => [],
    };

    public IEnumerable<Option> All => [Module, Assembly, ConstructorArgument, TorchFolder];

    /// <summary>What is to be exported.</summary>
    /// <param name="parsed">The command line, which has a module and its assembly, or is of a TorchScript archive.</param>
    /// <param name="checkpoint">The checkpoint, absolute.</param>
    /// <param name="inputs">The module's inputs, as <see cref="ExportInputs.Parse"/> takes them.</param>
    /// <param name="output">The .onnx file, absolute.</param>
    public ExportRequest Request(ParseResult parsed, string checkpoint, IEnumerable<string> inputs, string output) => new()
    {
        Checkpoint = checkpoint,
        ModuleType = parsed.GetValue(Module) ?? "",
        Assembly = parsed.GetValue(Assembly) is { } assembly ? Path.GetFullPath(assembly) : "",
        ConstructorArguments = [.. parsed.GetValue(ConstructorArgument)!],
        Inputs = [.. inputs.Select(text => ExportInputs.Parse(text)!)],
        Output = output,
        TorchFolders = [.. parsed.GetValue(TorchFolder)!.Select(Path.GetFullPath)],
    };
}
