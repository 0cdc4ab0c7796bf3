using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Octet.Runtime.Operators;

/// <summary>A tensor in ONNX Runtime's memory: an input or output is valid for one run, a constant as long as its session.</summary>
/// <param name="data">Its first element; null where it has none.</param>
/// <param name="shape">Its shape.</param>
internal readonly unsafe struct Tensor(byte* data, in Shape shape)
{
    private readonly Shape _shape = shape;

    public byte* Data => data;

    [UnscopedRef]
    public ref readonly Shape Shape => ref _shape;

    /// <summary>The tensor in an <c>OrtValue</c>.</summary>
    /// <exception cref="OperatorException">It has more than <see cref="Shape.MaximumRank"/> dimensions.</exception>
    public static Tensor Read(nint value)
    {
        nint info;
        OnnxRuntimeApi.Check(((delegate* unmanaged<nint, nint*, nint>)OnnxRuntimeApi.Function(OrtFunction.GetTensorTypeAndShape))(value, &info));
        try
        {
            return new Tensor(DataOf(value), Shape.Read(info));
        }
        finally
        {
            ((delegate* unmanaged<nint, void>)OnnxRuntimeApi.Function(OrtFunction.ReleaseTensorTypeAndShapeInfo))(info);
        }
    }

    /// <summary>The memory of the tensor in an <c>OrtValue</c>.</summary>
    public static byte* DataOf(nint value)
    {
        byte* data;
        OnnxRuntimeApi.Check(((delegate* unmanaged<nint, byte**, nint>)OnnxRuntimeApi.Function(OrtFunction.GetTensorMutableData))(value, &data));
        return data;
    }
}

/// <summary>The extents of a tensor.</summary>
internal struct Shape
{
    public const int MaximumRank = 8;

    private Buffer _extents;

    public int Rank { get; private set; }

    [UnscopedRef]
    public readonly ReadOnlySpan<long> Extents => ((ReadOnlySpan<long>)_extents)[..Rank];

    /// <summary>The number of elements.</summary>
    public readonly nint Count => Product(0, Rank);

    public readonly long this[int axis] => Extents[axis];

    /// <summary>A shape of these extents.</summary>
    /// <exception cref="OperatorException">There are more than <see cref="MaximumRank"/>.</exception>
    public static Shape Of(ReadOnlySpan<long> extents)
    {
        if (extents.Length > MaximumRank)
            throw new OperatorException($"A tensor has {extents.Length} dimensions; more than {MaximumRank} are not supported.");
        var shape = new Shape { Rank = extents.Length };
        extents.CopyTo(shape._extents);
        return shape;
    }

    /// <summary>Reads an <c>OrtTensorTypeAndShapeInfo</c>.</summary>
    /// <exception cref="OperatorException">There are more than <see cref="MaximumRank"/> dimensions.</exception>
    public static unsafe Shape Read(nint info)
    {
        nuint rank;
        OnnxRuntimeApi.Check(((delegate* unmanaged<nint, nuint*, nint>)OnnxRuntimeApi.Function(OrtFunction.GetDimensionsCount))(info, &rank));
        long* extents = stackalloc long[MaximumRank];
        nuint read = Math.Min(rank, MaximumRank);
        OnnxRuntimeApi.Check(((delegate* unmanaged<nint, long*, nuint, nint>)OnnxRuntimeApi.Function(OrtFunction.GetDimensions))(info, extents, read));
        return rank <= MaximumRank
            ? Of(new ReadOnlySpan<long>(extents, (int)rank))
            : throw new OperatorException($"A tensor has {rank} dimensions; more than {MaximumRank} are not supported.");
    }

    /// <summary>The product of some extents.</summary>
    public readonly nint Product(int from, int to)
    {
        nint product = 1;
        foreach (long extent in Extents[from..to])
            product *= (nint)extent;
        return product;
    }

    public readonly override string ToString() => $"[{string.Join(',', Extents.ToArray())}]";

    [InlineArray(MaximumRank)]
    private struct Buffer
    {
        private long _first;
    }
}
