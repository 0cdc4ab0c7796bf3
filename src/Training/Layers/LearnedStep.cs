using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Octet.Training.Layers;

/// <summary>Operators of learned step size quantization (Esser et al. 2020).</summary>
internal static class LearnedStep
{
    /// <summary>A step must stay positive, however far a gradient throws it.</summary>
    public const double Smallest = 1e-10;

    /// <summary>The scale itself, whose gradient is divided.</summary>
    public static Tensor Of(Parameter scale, double divisor)
    {
        Tensor positive = scale.clamp_min(Smallest);
        Tensor scaled = positive / divisor;
        return scaled + (positive - scaled).detach();
    }

    /// <summary>Rounds to the nearest even integer; the gradient passes as if it did not.</summary>
    public static Tensor Round(Tensor values) => values + (values.round() - values).detach();
}
