using TorchSharp;

namespace Octet.Torch.Tracing;

/// <summary>Something whose calculation can be traced: a module of TorchSharp, or a TorchScript archive that is interpreted.</summary>
public interface ITraceable
{
    /// <summary>Parameters and buffers by the names that they have in the state dict, which the exported model's initializers get.</summary>
    IReadOnlyList<(string Name, torch.Tensor Tensor)> State { get; }

    /// <summary>Calculates the outputs.</summary>
    /// <param name="inputs">The inputs, in the order of the exported model's.</param>
    IReadOnlyList<torch.Tensor> Forward(IReadOnlyList<torch.Tensor> inputs);
}
