using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Octet.Training.Layers;

/// <summary>
/// Rounds weights to signed integers and back, symmetric, with one scale an output channel. State: <c>log_scale</c> to base 2 where it is learned; observed scales follow from the weights.
/// </summary>
internal sealed class WeightQuantizer : nn.Module<Tensor, Tensor>
{
    private readonly int _limit;
    private readonly int _axis;
    private readonly long[] _others;
    private readonly long[] _broadcast;

    // TorchSharp takes the names of the state from those of the fields.
#pragma warning disable IDE1006
    private readonly Parameter? log_scale;
#pragma warning restore IDE1006

    /// <param name="recipe">Bits, and how scales come about.</param>
    /// <param name="weights">The weights as they are.</param>
    /// <param name="axis">The axis of the output channels.</param>
    public WeightQuantizer(TrainingRecipe recipe, Tensor weights, int axis)
        : base(nameof(WeightQuantizer))
    {
        _limit = recipe.WeightLimit;
        _axis = axis;
        _others = [.. Enumerable.Range(0, (int)weights.dim()).Where(dimension => dimension != axis).Select(dimension => (long)dimension)];
        _broadcast = [.. Enumerable.Range(0, (int)weights.dim()).Select(dimension => dimension == axis ? -1L : 1L)];
        if (recipe.Scales == ScaleLearning.Learned)
            log_scale = Initial(weights);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor weights)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor step = (log_scale is not null && training ? LearnedStep.ToScale(log_scale) : Scales(weights)).view(_broadcast);
        return (Rounded(weights, step) * step).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The weights as inference has them: in the same integers (negative ones where a factor is), multiplied by a factor for each channel, by the operators that quantize and dequantize:
    /// exported, they are the standard's.
    /// </summary>
    /// <param name="weights">The weights.</param>
    /// <param name="factors">One a channel; null for none.</param>
    public Tensor Inference(Tensor weights, Tensor? factors)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scales = Scales(weights);
        Tensor integers = Rounded(weights, scales.view(_broadcast));
        if (factors is not null)
        {
            integers = integers * factors.sign().view(_broadcast);
            // A factor of 0 makes weights of 0, which need a scale all the same.
            scales = where(factors == 0, scales, scales * factors.abs());
        }
        Tensor zeroPoints = zeros(scales.shape, ScalarType.Int64, scales.device);
        return quantize_per_channel(integers * scales.view(_broadcast), scales, zeroPoints, _axis, ScalarType.QInt8).dequantize().MoveToOuterDisposeScope();
    }

    /// <summary>The integers that the weights are rounded to.</summary>
    public Tensor Integers(Tensor weights)
    {
        using DisposeScope scope = NewDisposeScope();
        using (no_grad())
            return Rounded(weights, Scales(weights).view(_broadcast)).to(ScalarType.Int8).MoveToOuterDisposeScope();
    }

    /// <summary>One scale a channel.</summary>
    public Tensor Scales(Tensor weights)
    {
        if (log_scale is not null)
            return LearnedStep.ToScale(log_scale).detach();
        Tensor largest = weights.detach().abs().amax(_others) / _limit;
        // A channel of zeros needs a scale all the same.
        return where(largest > 0, largest, ones_like(largest));
    }

    private Tensor Rounded(Tensor weights, Tensor step) => LearnedStep.Round((weights / step).clamp(-_limit, _limit));

    // Esser et al. 2020, section 2.1; not wider than the weights are, which it would be for 8 bits.
    private Parameter Initial(Tensor weights)
    {
        using (no_grad())
        using (NewDisposeScope())
        {
            Tensor magnitudes = weights.detach().abs();
            Tensor steps = minimum(magnitudes.mean(_others) * (2 / Math.Sqrt(_limit)), magnitudes.amax(_others) / _limit);
            return new Parameter(LearnedStep.ToLogarithm(where(steps > 0, steps, ones_like(steps))).DetachFromDisposeScope());
        }
    }
}
