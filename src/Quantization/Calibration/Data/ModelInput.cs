using System.Collections.Immutable;
using System.Globalization;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Octet.Quantization.Calibration.Data;

/// <summary>What a model takes at one of its inputs.</summary>
/// <param name="Name">The input's name in the graph.</param>
/// <param name="ElementType">The type of its elements.</param>
/// <param name="Dimensions">One extent a dimension; -1 where the model leaves it open.</param>
public sealed record ModelInput(string Name, TensorElementType ElementType, ImmutableArray<long> Dimensions)
{
    /// <summary>The number of dimensions.</summary>
    internal int Rank => Dimensions.Length;

    /// <summary>The dimensions for a message, an open one as a question mark: <c>?,3,224,224</c>.</summary>
    internal string DimensionsText =>
        string.Join(",", Dimensions.Select(static extent => extent < 0 ? "?" : extent.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Whether extents fit the dimensions from <paramref name="first"/> on; an open dimension takes any extent but zero.</summary>
    internal bool Fits(ReadOnlySpan<long> extents, int first = 0)
    {
        if (extents.Length != Rank - first)
            return false;
        for (int i = 0; i < extents.Length; i++)
        {
            long dimension = Dimensions[first + i];
            if (dimension < 0 ? extents[i] < 1 : extents[i] != dimension)
                return false;
        }
        return true;
    }
}
