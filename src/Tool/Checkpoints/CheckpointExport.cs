using System.Collections.Immutable;

namespace Octet.Tool.Checkpoints;

/// <summary>A checkpoint to make a float model of, with everything that decides the model.</summary>
internal sealed record CheckpointExport
{
    /// <summary>The checkpoint, absolute.</summary>
    public required string Path { get; init; }

    /// <summary>The module's type; empty for a TorchScript archive, which holds its code itself.</summary>
    public string ModuleType { get; init; } = "";

    /// <summary>The assembly that defines the type, absolute; empty likewise.</summary>
    public string ModuleAssembly { get; init; } = "";

    /// <summary>What the module's constructor takes, in its order.</summary>
    public ImmutableArray<string> ConstructorArguments { get; init; } = [];

    /// <summary>The module's inputs in the order in which it takes them, each as <c>input=1,3,32,32</c>; the first extent is the batch.</summary>
    public required ImmutableArray<string> Inputs { get; init; }

    /// <summary>Assemblies that the module's may refer to, absolute.</summary>
    public ImmutableArray<string> References { get; init; } = [];

    /// <summary>TorchSharp.dll, absolute.</summary>
    public string TorchSharp { get; init; } = "";

    /// <summary>Folders with the native libraries of TorchSharp and of libtorch, absolute.</summary>
    public ImmutableArray<string> NativeFolders { get; init; } = [];
}
