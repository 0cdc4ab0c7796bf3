using static TorchSharp.torch;

namespace Octet.Training.Layers;

/// <summary>An activation that the layer before it applies; in its own place it passes on what it gets.</summary>
internal sealed class AbsorbedModule(nn.Module original) : nn.Module<Tensor, Tensor>(nameof(AbsorbedModule)), IReplacement
{
    private readonly Replaced _original = new(original);

    /// <inheritdoc/>
    public nn.Module Original => _original.Module;

    // Sequential disposes what it passes on.
    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => input.alias();
}
