using Octet.Training.Diagnostics;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Octet.Training.Layers;

/// <summary>
/// Rounds a value to unsigned 8-bit integers and back, one scale and one zero point for all of it, so that what follows computes with what it will get at inference. Gradients pass
/// through the rounding as if it were not there, within the range (Bengio et al. 2013; Jacob et al. 2018, section 3).
/// </summary>
/// <remarks>
/// State: <c>scale</c> or, where it is learned, <c>log_scale</c> to base 2, <c>zero_point</c>, <c>minimum</c> and <c>maximum</c> of what was observed, and the number of <c>batches</c> that
/// were: 0 where nothing is known and nothing rounded yet, -1 where a later layer rounds the value. All are scalars.
/// </remarks>
internal sealed class ValueQuantizer : nn.Module<Tensor, Tensor>
{
    private const int Highest = 255;
    private const long RoundedElsewhere = -1;
    private const long DefaultBatchesBeforeLearning = 50;

    private readonly TrainingRecipe _recipe;
    private readonly string _description;

    // TorchSharp takes the names of the state from those of the fields.
#pragma warning disable IDE1006
    private readonly Parameter? log_scale;
    private readonly Tensor? scale;
    private readonly Tensor zero_point;
    private readonly Tensor minimum;
    private readonly Tensor maximum;
    private readonly Tensor batches;
#pragma warning restore IDE1006

    /// <param name="recipe">How scales come about.</param>
    /// <param name="description">What the value is, for messages: input or result.</param>
    public ValueQuantizer(TrainingRecipe recipe, string description)
        : base(nameof(ValueQuantizer))
    {
        _recipe = recipe;
        _description = description;
        if (recipe.Scales == ScaleLearning.Learned)
            log_scale = new Parameter(torch.tensor(0f));
        else
            scale = torch.tensor(1f);
        zero_point = torch.tensor(0);
        minimum = torch.tensor(0f);
        maximum = torch.tensor(0f);
        batches = torch.tensor(0L);
        RegisterComponents();
    }

    /// <summary>The layer, for messages.</summary>
    public string Layer { get; set; } = "";

    /// <summary>The batches that were observed.</summary>
    public long Batches => batches.item<long>();

    /// <summary>Whether values are rounded.</summary>
    public bool IsActive => Batches > 0;

    /// <summary>Leaves the rounding to the layer that reads the value.</summary>
    public void LeaveToReader()
    {
        using (no_grad())
            batches.fill_(RoundedElsewhere);
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        if (!training)
            return IsActive ? Inference(input) : input;
        long seen = Batches;
        if (seen == RoundedElsewhere)
            return input;
        bool learns = log_scale is not null;
        long observes = _recipe.ObservedBatches > 0 ? _recipe.ObservedBatches : learns ? DefaultBatchesBeforeLearning : long.MaxValue;
        if (seen < observes)
            Observe(input, seen);
        return Rounded(input, learns && seen >= observes);
    }

    private void Observe(Tensor input, long seen)
    {
        using (no_grad())
        using (NewDisposeScope())
        {
            float weight = seen == 0 ? 1 : (float)_recipe.Momentum;
            float low = minimum.item<float>() + weight * (input.min().item<float>() - minimum.item<float>());
            float high = maximum.item<float>() + weight * (input.max().item<float>() - maximum.item<float>());
            if (!float.IsFinite(low) || !float.IsFinite(high))
                throw new TrainingException("OCT2145", _description, Layer, seen + 1);
            minimum.fill_(low);
            maximum.fill_(high);
            batches.fill_(seen + 1);
            // Real 0 must be one of the integers: padding is 0.
            double from = Math.Min(low, 0), to = Math.Max(high, 0);
            if (_recipe.SymmetricActivations && from < 0)
                (from, to) = (-Math.Max(-from, to) * 128 / 127, Math.Max(-from, to));
            float step = (float)((to - from) / Highest);
            // A value that is always 0 keeps a scale that can be divided by.
            step = step > 1e-30f ? step : 1;
            if (log_scale is null)
                scale!.fill_(step);
            else
                log_scale.fill_(MathF.Log2(step));
            zero_point.fill_((int)Math.Clamp(Math.Round(-from / step, MidpointRounding.ToEven), 0, Highest));
        }
    }

    // By the operators that quantize and dequantize: exported, they are the standard's.
    private Tensor Inference(Tensor input)
    {
        using Tensor step = Scale();
        using Tensor integers = quantize_per_tensor(input, step.item<float>(), zero_point.item<int>(), ScalarType.QUInt8);
        return integers.dequantize();
    }

    private Tensor Scale() => log_scale is null ? scale!.detach() : LearnedStep.ToScale(log_scale);

    // The same by differentiable operators.
    private Tensor Rounded(Tensor input, bool learns)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor step = learns ? Scale() : Scale().detach();
        Tensor zero = zero_point.to(ScalarType.Float32);
        Tensor integers = (LearnedStep.Round(input / step) + zero).clamp(0, Highest) - zero;
        return (integers * step).MoveToOuterDisposeScope();
    }
}
