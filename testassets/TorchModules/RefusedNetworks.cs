using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchModules;

/// <summary>Takes one way or the other by what the numbers are: a trace sees only one.</summary>
public sealed class DataDependentBranch : Module<Tensor, Tensor>
{
    private readonly Linear _linear = Linear(8, 8);

    public DataDependentBranch() : base(nameof(DataDependentBranch)) => RegisterComponents();

    public override Tensor forward(Tensor x) => x.mean().item<float>() > 0 ? _linear.forward(x) : -x;
}

/// <summary>Writes through a view: the write is seen by a tensor that no call names.</summary>
public sealed class WriteThroughView : Module<Tensor, Tensor>
{
    private readonly Linear _linear = Linear(8, 8);

    public WriteThroughView() : base(nameof(WriteThroughView)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        Tensor y = _linear.forward(x);
        y.select(1, 0).add_(1);
        return y * 2;
    }
}

/// <summary>Adds noise, also at inference.</summary>
public sealed class NoisyNetwork : Module<Tensor, Tensor>
{
    private readonly Linear _linear = Linear(8, 8);

    public NoisyNetwork() : base(nameof(NoisyNetwork)) => RegisterComponents();

    public override Tensor forward(Tensor x) => _linear.forward(x + rand_like(x) * 0.1);
}

/// <summary>Drops out whatever the mode is.</summary>
public sealed class AlwaysDropping : Module<Tensor, Tensor>
{
    private readonly Linear _linear = Linear(8, 8);

    public AlwaysDropping() : base(nameof(AlwaysDropping)) => RegisterComponents();

    public override Tensor forward(Tensor x) => functional.dropout(_linear.forward(x), 0.5, training: true);
}

/// <summary>Calls an operator that ONNX has no counterpart of.</summary>
public sealed class UnmappedCall : Module<Tensor, Tensor>
{
    private readonly Linear _linear = Linear(8, 8);

    public UnmappedCall() : base(nameof(UnmappedCall)) => RegisterComponents();

    public override Tensor forward(Tensor x) => _linear.forward(x).digamma();
}

/// <summary>Goes as many rounds as the batch has inputs.</summary>
public sealed class BatchDependentLoop : Module<Tensor, Tensor>
{
    private readonly Linear _linear = Linear(8, 8);

    public BatchDependentLoop() : base(nameof(BatchDependentLoop)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        for (long i = 0; i < x.shape[0]; i++)
            x = _linear.forward(x);
        return x;
    }
}

/// <summary>Multiplies by the batch size as a number: nothing in the graph could say it.</summary>
public sealed class BatchSizeAsNumber : Module<Tensor, Tensor>
{
    private readonly Linear _linear = Linear(8, 8);

    public BatchSizeAsNumber() : base(nameof(BatchSizeAsNumber)) => RegisterComponents();

    public override Tensor forward(Tensor x) => _linear.forward(x) * (double)x.shape[0];
}

/// <summary>Chooses elements by a mask of the data: how many, nobody knows before.</summary>
public sealed class MaskedSelection : Module<Tensor, Tensor>
{
    public MaskedSelection() : base(nameof(MaskedSelection)) => RegisterComponents();

    public override Tensor forward(Tensor x) => x.masked_select(x > 0).sum() + x;
}

/// <summary>Its constructor throws.</summary>
public sealed class ThrowingConstructor : Module<Tensor, Tensor>
{
    public ThrowingConstructor() : base(nameof(ThrowingConstructor)) => throw new InvalidOperationException("the vocabulary file is missing");

    public override Tensor forward(Tensor x) => x;
}
