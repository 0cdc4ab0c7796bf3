using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Octet.Training.Layers;

/// <summary>A module that stands where another one stood.</summary>
internal interface IReplacement
{
    /// <summary>The module that it replaced.</summary>
    nn.Module Original { get; }
}

/// <summary>Holds a module so that TorchSharp does not take it for a part of whoever holds it.</summary>
internal sealed record Replaced(nn.Module Module);

/// <summary>The function that a layer applies to its result before it is rounded, by the module that stood behind it.</summary>
internal enum AbsorbedActivation
{
    /// <summary>None.</summary>
    None,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>min(max(x, 0), 6).</summary>
    Relu6,
}

/// <summary>
/// A convolution or a linear layer that computes with rounded inputs and weights, and rounds its result where no later layer does: what integer kernels will compute, in floats.
/// </summary>
/// <remarks>
/// Scales of weights are per channel and symmetric, so that rounding and the factors of a BatchNormalization behind the layer can change places: the folded weights have the integers
/// of the weights themselves. Training therefore needs no second convolution for the statistics of the batch (Jacob et al. 2018, section 3.2), nor a correction of the weights to the
/// running ones (Krishnamoorthi 2018, section 3.2.2).
/// </remarks>
internal sealed class PreparedLayer : nn.Module<Tensor, Tensor>, IReplacement
{
    private readonly Func<Tensor, Tensor, Tensor?, Tensor> _compute;
    private readonly Tail _tail;
    private readonly Readers _readers;
    private readonly Replaced _original;

    // TorchSharp takes the names of the state from those of the fields.
#pragma warning disable IDE1006
    private readonly Parameter weight;
    private readonly Parameter? bias;
    private readonly ValueQuantizer input_quantizer;
    private readonly WeightQuantizer weight_quantizer;
    private readonly ValueQuantizer? output_quantizer;
#pragma warning restore IDE1006

    /// <param name="original">The layer.</param>
    /// <param name="name">Its name.</param>
    /// <param name="computation">What it computes.</param>
    /// <param name="normalization">The BatchNormalization behind it, or null.</param>
    /// <param name="activation">What stood behind that.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="readers">Finds out which layer reads which.</param>
    public PreparedLayer(
        nn.Module original, string name, LayerComputation computation, FoldedNormalization? normalization, AbsorbedActivation activation, TrainingRecipe recipe, Readers readers)
        : base(nameof(PreparedLayer))
    {
        _original = new Replaced(original);
        _compute = computation.Apply;
        _tail = new Tail(normalization, activation);
        _readers = readers;
        (weight, bias) = (computation.Weight, computation.Bias);
        input_quantizer = new ValueQuantizer(recipe, "input") { Layer = name };
        weight_quantizer = new WeightQuantizer(recipe, weight, computation.Axis);
        output_quantizer = computation.RoundsResult ? new ValueQuantizer(recipe, "result") { Layer = name } : null;
        RegisterComponents();
    }

    /// <inheritdoc/>
    public nn.Module Original => _original.Module;

    /// <summary>The integers that the weights are rounded to, in their own order.</summary>
    public Tensor WeightIntegers => weight_quantizer.Integers(weight);

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        // What no batch was seen of is only looked at in the first: who reads whom is not known before.
        bool first = training && input_quantizer.Batches == 0;
        if (first)
            _readers.Read(input);
        else if (training)
            _readers.Forget();
        Tensor rounded = input_quantizer.forward(input);
        FoldedNormalization? normalization = _tail.Normalization;
        Tensor result;
        if (!training)
        {
            (Tensor? factors, Tensor? shifted) = normalization?.Affine(bias) ?? (null, bias);
            result = _compute(rounded, weight_quantizer.Inference(weight, factors), shifted);
        }
        else
        {
            result = _compute(rounded, weight_quantizer.forward(weight), bias);
            if (normalization is not null)
                result = normalization.Normalize(result);
        }
        result = _tail.Activation switch
        {
            AbsorbedActivation.Relu => nn.functional.relu(result),
            AbsorbedActivation.Relu6 => nn.functional.relu6(result),
            _ => result,
        };
        if (output_quantizer is not null && first)
            _readers.Written(result, output_quantizer);
        else if (output_quantizer is not null)
            result = output_quantizer.forward(result);
        normalization?.Expect(result);
        return result.MoveToOuterDisposeScope();
    }

    // In a class of its own: TorchSharp would take the normalization for a part of the layer.
    private sealed record Tail(FoldedNormalization? Normalization, AbsorbedActivation Activation);
}
