using static TorchSharp.torch;

namespace TorchModules;

/// <summary>Gives a network weights and statistics such as training leaves: none at its initial value, none that is zero or one throughout.</summary>
public static class RandomWeights
{
    /// <summary>Fills all parameters and buffers from a seed, in the order of their names.</summary>
    public static T Fill<T>(T module, long seed) where T : nn.Module
    {
        using IDisposable none = no_grad();
        using Generator generator = new((ulong)seed);
        foreach ((string name, Tensor value) in module.state_dict().OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            if (!value.is_floating_point())
                continue;
            using Tensor noise = randn(value.shape, generator: generator);
            bool variance = name.EndsWith("running_var", StringComparison.Ordinal);
            bool scale = value.dim() == 1 && name.EndsWith("weight", StringComparison.Ordinal);
            // The variance of what comes out of a layer stays near that of what goes in.
            double spread = value.dim() > 1 ? Math.Sqrt(1.0 / (value.numel() / value.shape[0])) : 0.1;
            using Tensor filled = variance ? noise.abs() + 0.5 : scale ? noise * 0.2 + 1 : noise * spread;
            value.copy_(filled);
        }
        return module;
    }
}
