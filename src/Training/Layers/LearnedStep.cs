using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Octet.Training.Layers;

/// <summary>
/// Operators of learned scales: rounding passes the gradient on, so that a scale gets round(v) - v of each value within its range and the limit of each beyond (learned step size
/// quantization, Esser et al. 2020, equation 3).
/// </summary>
/// <remarks>
/// What is learned is the scale's logarithm (Jain et al. 2020, section 3.2): the scale stays positive, and a step of the optimizer changes it by a share, whether it is 0.001 or 10. With Adam
/// and steps in the scale itself a rate that suits the weights throws small scales far off.
/// </remarks>
internal static class LearnedStep
{
    /// <summary>The logarithms to base 2 that stand for scales.</summary>
    public static Tensor ToLogarithm(Tensor scales) => scales.log2();

    /// <summary>The scales that logarithms stand for.</summary>
    public static Tensor ToScale(Parameter logarithms) => logarithms.exp2();

    /// <summary>Rounds to the nearest even integer; the gradient passes as if it did not (Bengio et al. 2013).</summary>
    public static Tensor Round(Tensor values) => values + (values.round() - values).detach();
}
