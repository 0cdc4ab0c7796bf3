using System.Collections.Immutable;

namespace Octet.Torch.Checkpoints;

/// <summary>Tensors in their order, each name once.</summary>
internal sealed class NamedTensors
{
    private readonly ImmutableArray<CheckpointTensor>.Builder _tensors = ImmutableArray.CreateBuilder<CheckpointTensor>();
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <exception cref="CheckpointFault">There is a tensor of that name.</exception>
    public void Add(CheckpointTensor tensor)
    {
        if (!_names.Add(tensor.Name))
            throw CheckpointFault.Damaged($"it holds tensor '{CheckpointFault.Quote(tensor.Name)}' twice");
        _tensors.Add(tensor);
    }

    public ImmutableArray<CheckpointTensor> ToImmutable() => _tensors.ToImmutable();
}
