using Octet.Torch.Checkpoints;
using static TorchSharp.torch;

namespace Octet.Torch.Tests.Checkpoints;

/// <summary>Files that TorchSharp and libtorch write, not ours.</summary>
public class TorchSharpCheckpointTests
{
    [Fact]
    public void A_module_that_TorchSharp_saves_is_read()
    {
        using var file = new TemporaryFile([]);
        using nn.Module<Tensor, Tensor> module = nn.Sequential(("conv", nn.Conv2d(3, 4, 3)), ("norm", nn.BatchNorm2d(4)), ("gate", nn.Linear(5, 7)));
        module.save(file.Path);

        Checkpoint checkpoint = CheckpointReader.Read(file.Path);

        Dictionary<string, Tensor> state = module.state_dict();
        Assert.Equal(CheckpointFormat.TorchSharp, checkpoint.Format);
        Assert.Equal(state.Keys, checkpoint.Tensors.Select(tensor => tensor.Name));
        foreach (CheckpointTensor tensor in checkpoint.Tensors)
            AssertSame(state[tensor.Name], tensor);
    }

    private static void AssertSame(Tensor expected, CheckpointTensor tensor)
    {
        Assert.Equal(expected.shape, tensor.Dimensions);
        Assert.Equal((int)expected.dtype, (int)tensor.ElementType);
        Assert.Equal(expected.bytes.ToArray(), tensor.Data.ToArray());
    }
}
