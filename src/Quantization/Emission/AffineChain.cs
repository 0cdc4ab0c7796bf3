using Octet.Quantization.Onnx;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Emission;

/// <summary>Constant factors and summands, one behind the other: result = factor * source + shift.</summary>
/// <param name="Source">The value before the first.</param>
/// <param name="Factor">Positive.</param>
/// <param name="Shift">In the result's unit.</param>
internal sealed record AffineChain(string Source, double Factor, double Shift)
{
    // A shift of fewer steps than this cannot be made a whole number of them without making the steps much larger.
    private const double FewestSteps = 16;

    // Of a step: what rounding to float leaves of a whole number.
    private const double WholeWithin = 1e-3;

    /// <summary>The chains that end at a value, the longest first.</summary>
    public static IEnumerable<AffineChain> Ending(string value, GraphEditor editor)
    {
        Stack<AffineChain> chains = [];
        for (AffineChain chain = new(value, 1, 0); chain.WithNodeBefore(editor) is { } longer; chain = longer)
            chains.Push(longer);
        return chains;
    }

    /// <summary>The smallest scale of the result, not below the one given, of which the shift is a whole number of steps; null where that would be much larger.</summary>
    public double? AlignedScale(double scale) => Math.Floor(Math.Abs(Shift) / scale) is >= FewestSteps and var steps ? Math.Abs(Shift) / steps : null;

    /// <summary>Parameters with which the source becomes the integers that the result becomes with its own; null where there are none.</summary>
    /// <param name="result">The result's.</param>
    /// <param name="lowest">The smallest integer.</param>
    /// <param name="highest">The largest.</param>
    public AffineParameters? OfSource(AffineParameters result, int lowest, int highest) => Moved(result.Scale / Factor, result.ZeroPoint + Shift / result.Scale, lowest, highest);

    /// <summary>Parameters with which the integers of the source stand for the result; null where there are none.</summary>
    /// <param name="source">The source's.</param>
    /// <param name="lowest">The smallest integer.</param>
    /// <param name="highest">The largest.</param>
    public AffineParameters? OfResult(AffineParameters source, int lowest, int highest) => Moved(source.Scale * Factor, source.ZeroPoint - Shift / (source.Scale * Factor), lowest, highest);

    private static AffineParameters? Moved(double scale, double zeroPoint, int lowest, int highest)
    {
        double whole = Math.Round(zeroPoint);
        return Math.Abs(zeroPoint - whole) < WholeWithin && whole >= lowest && whole <= highest && float.IsNormal((float)scale) ? new AffineParameters((float)scale, (int)whole) : null;
    }

    private AffineChain? WithNodeBefore(GraphEditor editor)
    {
        if (editor.Index.Producer(Source) is not { } node)
            return null;
        if (ScalarOperands.ReadProduct(node, editor) is (var multiplied, > 0 and var factor))
            return new AffineChain(multiplied, Factor * factor, Shift);
        return ScalarOperands.ReadSum(node, editor) is var (raised, summand) ? new AffineChain(raised, Factor, Shift + Factor * summand) : null;
    }
}
