using Octet.Quantization.Calibration;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Emission;

/// <summary>
/// A float value that is an input of the model scaled and shifted, Scale * x + Shift, as exports normalize pictures. Quantizing x with parameters of its own gives the same integers, and
/// the scale and shift are done with.
/// </summary>
/// <param name="Input">The model's input x.</param>
/// <param name="Scale">Greater than 0.</param>
/// <param name="Shift">Any finite number.</param>
/// <param name="IsTransposed">Whether the value is that with its axes permuted.</param>
internal sealed record AffineSource(string Input, double Scale, double Shift, bool IsTransposed)
{
    // A shift of so many steps is a whole number of them where a step grows by less than 3 %.
    private const int FewestSteps = 32;

    // How much the range may grow to hold what x = 0 becomes.
    private const double LargestGrowth = 1.03;

    /// <summary>What a value is made of; null where it is nothing of the kind.</summary>
    /// <param name="value">A value that is quantized.</param>
    /// <param name="index">Of its graph.</param>
    /// <param name="plan">What becomes integer: it computes the value otherwise.</param>
    public static AffineSource? Of(string value, GraphIndex index, QuantizationPlan plan)
    {
        NodeProto? Float(string of) => index.Producer(of) is { } node && !plan.Contains(node.Name) ? node : null;
        bool isTransposed = Float(value)?.Is("Transpose") == true;
        string input = isTransposed ? index.Producer(value)!.Input[0] : value;
        (double scale, double shift) = (1, 0);
        while (Float(input) is { } node && ChannelAffine.OfArithmetic(node, index, index.Extents(node.Output[0])?.Length ?? 1, axis: 0) is { Scale: [var factor], Shift: [var summand] } affine)
            (input, scale, shift) = (affine.Input, scale * factor, shift + scale * summand);
        // Inside the model a step that grows costs more than it saves.
        return index.Producer(input) is null && scale > 0 && double.IsFinite(scale) && double.IsFinite(shift) && (scale, shift) != (1, 0) ? new AffineSource(input, scale, shift, isTransposed) : null;
    }

    /// <summary>Parameters of the value, little changed, that make the shift a whole number of steps, and those of x that give the same integers; null where there are none.</summary>
    /// <param name="range">Of the value.</param>
    /// <exception cref="ArgumentException">The range is not usable.</exception>
    public (AffineParameters Value, AffineParameters Input)? Align(ActivationRange range)
    {
        AffineParameters parameters = AffineParameters.ForUInt8(new ActivationRange((float)Math.Min(range.Min, Shift), (float)Math.Max(range.Max, Shift)));
        double steps = Math.Floor(Math.Abs(Shift) / parameters.Scale);
        if (parameters.Scale > LargestGrowth * AffineParameters.ForUInt8(range).Scale || (Shift != 0 && steps is (< FewestSteps or > byte.MaxValue)))
            return null;
        double step = Shift == 0 ? parameters.Scale : Math.Abs(Shift) / steps;
        // The zero point of before, in steps of now.
        int zeroPoint = (int)Math.Round(parameters.ZeroPoint * (parameters.Scale / step), MidpointRounding.ToEven), inputZeroPoint = zeroPoint + Math.Sign(Shift) * (int)steps;
        float inputStep = (float)(step / Scale);
        return inputZeroPoint is >= byte.MinValue and <= byte.MaxValue && float.IsNormal(inputStep)
            ? (new AffineParameters((float)step, zeroPoint), new AffineParameters(inputStep, inputZeroPoint))
            : null;
    }
}
