using Octet.Training.Diagnostics;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Octet.Training.Layers;

/// <summary>
/// A BatchNormalization that belongs to the layer before it, which applies it: in its own place it passes on what it gets. Its state is that of the BatchNormalization, under the same
/// names.
/// </summary>
internal sealed class FoldedNormalization : nn.Module<Tensor, Tensor>, IReplacement
{
    private readonly double _epsilon;
    private readonly double? _momentum;
    private readonly string _name;
    private readonly string _layer;
    private readonly long _frozenAfter;
    private readonly Replaced _original;
    private WeakReference<Tensor>? _expected;

    // TorchSharp takes the names of the state from those of the fields.
#pragma warning disable IDE1006
    private readonly Parameter? weight;
    private readonly Parameter? bias;
    private readonly Tensor running_mean;
    private readonly Tensor running_var;
    private readonly Tensor num_batches_tracked;
    private readonly Tensor prepared_batches;
#pragma warning restore IDE1006

    /// <param name="original">The BatchNormalization, with running statistics.</param>
    /// <param name="name">Its name.</param>
    /// <param name="layer">The name of the layer before it.</param>
    /// <param name="frozenAfter">Batches after which the running statistics are used; 0 for never.</param>
    public FoldedNormalization(NormBase original, string name, string layer, int frozenAfter)
        : base(nameof(FoldedNormalization))
    {
        (_epsilon, _momentum, _name, _layer, _frozenAfter) = (original.eps, original.momentum, name, layer, frozenAfter == 0 ? long.MaxValue : frozenAfter);
        _original = new Replaced(original);
        (weight, bias) = original.affine ? (original.weight, original.bias) : (null, null);
        (running_mean, running_var, num_batches_tracked) = (original.running_mean!, original.running_var!, original.num_batches_tracked!);
        prepared_batches = torch.tensor(0L);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public nn.Module Original => _original.Module;

    /// <summary>Normalizes the layer's result, in training with the statistics of the batch.</summary>
    public Tensor Normalize(Tensor result)
    {
        bool usesBatch = training && prepared_batches.item<long>() < _frozenAfter;
        if (usesBatch)
            using (no_grad())
            {
                prepared_batches.add_(1);
                num_batches_tracked.add_(1);
            }
        double momentum = _momentum ?? 1.0 / Math.Max(1, num_batches_tracked.item<long>());
        return nn.functional.batch_norm(result, running_mean, running_var, weight, bias, usesBatch, momentum, _epsilon);
    }

    /// <summary>What the normalization is at inference: a factor for each channel, and what is added to the product of it and the layer's bias.</summary>
    public (Tensor? Factors, Tensor? Bias) Affine(Tensor? layerBias)
    {
        Tensor factors = (running_var + _epsilon).rsqrt();
        if (weight is not null)
            factors = factors * weight;
        Tensor shifted = (layerBias is null ? -running_mean : layerBias - running_mean) * factors;
        return (factors, bias is null ? shifted : shifted + bias);
    }

    /// <summary>Says what <see cref="forward"/> must get next.</summary>
    public void Expect(Tensor result)
    {
        if (_expected is not null)
            throw new TrainingException("OCT2142", _name, _layer, $"does not pass the result of '{_layer}' to it");
        _expected = new WeakReference<Tensor>(result);
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        if (_expected is null || !_expected.TryGetTarget(out Tensor? expected) || !ReferenceEquals(expected, input))
            throw new TrainingException("OCT2142", _name, _layer, $"passes something else to it than the result of '{_layer}'");
        _expected = null;
        return input.alias();
    }
}
