using System.Collections.Immutable;

namespace Octet.Torch.Checkpoints;

/// <summary>In what form a checkpoint is written.</summary>
public enum CheckpointFormat
{
    /// <summary>TorchSharp's own, of <c>module.save</c>.</summary>
    TorchSharp,

    /// <summary>A JSON header and raw data.</summary>
    Safetensors,

    /// <summary>A zip archive with a pickled state dictionary, of <c>torch.save</c>.</summary>
    StateDictionary,

    /// <summary>A zip archive with code and weights, of <c>torch.jit.save</c>.</summary>
    TorchScript,
}

/// <summary>The tensors of a checkpoint.</summary>
/// <param name="Path">The file.</param>
/// <param name="Format">Its form, told by its content.</param>
/// <param name="Tensors">In the file's order; no name occurs twice.</param>
public sealed record Checkpoint(string Path, CheckpointFormat Format, ImmutableArray<CheckpointTensor> Tensors);

/// <summary>One tensor of a checkpoint.</summary>
/// <param name="Name">Its name in the state dictionary, such as <c>layer1.0.conv1.weight</c>.</param>
/// <param name="ElementType">What its elements are.</param>
/// <param name="Dimensions">Its extents; none for a scalar.</param>
/// <param name="Data">Its elements in row-major order, little endian. Tensors that share a storage share this memory.</param>
public sealed record CheckpointTensor(string Name, TorchElementType ElementType, ImmutableArray<long> Dimensions, ReadOnlyMemory<byte> Data);
