using System.Collections.Immutable;
using TorchSharp;

namespace Octet.Torch.Tracing;

/// <summary>Where a tensor of a trace comes from.</summary>
public enum TensorOrigin
{
    /// <summary>An input of the traced calculation.</summary>
    Input,

    /// <summary>A parameter or buffer.</summary>
    State,

    /// <summary>Something calculated from no input: its data is part of the trace.</summary>
    Constant,

    /// <summary>The result of a call.</summary>
    Call,
}

/// <summary>One value of a traced calculation. An in-place call makes a new one, as the same memory then holds something else.</summary>
/// <param name="Id">Distinguishes values of a trace.</param>
/// <param name="Origin">Where it comes from.</param>
/// <param name="Name">The name of an input, parameter or buffer; empty for others.</param>
/// <param name="ElementType">Its element type.</param>
/// <param name="Shape">Its extents.</param>
/// <param name="Data">
/// The elements of a parameter, buffer or constant: row-major, little-endian. A constant whose extent depends on the batch is the same all along it, and holds one slice.
/// </param>
public sealed record TracedTensor(int Id, TensorOrigin Origin, string Name, torch.ScalarType ElementType, ImmutableArray<Extent> Shape, ReadOnlyMemory<byte> Data = default)
{
    /// <summary>The number of dimensions.</summary>
    public int Rank => Shape.Length;

    /// <summary>Whether its elements are floating-point.</summary>
    public bool IsFloatingPoint => ElementType is torch.ScalarType.Float32 or torch.ScalarType.Float64 or torch.ScalarType.Float16 or torch.ScalarType.BFloat16;

    /// <summary>Reads an axis as TorchSharp takes it: a negative one counts from the end.</summary>
    public int Axis(long axis) => (int)(axis < 0 ? axis + Math.Max(Rank, 1) : axis);

    /// <inheritdoc/>
    public override string ToString() => $"{ElementType}[{string.Join(",", Shape)}]";
}
