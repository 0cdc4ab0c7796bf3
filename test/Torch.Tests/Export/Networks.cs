using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Octet.Torch.Tests.Export;

/// <summary>A residual block that adds in place, normalizes, pools, and classifies.</summary>
public sealed class SmallResidual : Module<Tensor, Tensor>
{
    private readonly Conv2d _conv1 = Conv2d(3, 4, 3, padding: 1, bias: false);
    private readonly BatchNorm2d _norm1 = BatchNorm2d(4);
    private readonly Sequential _body = Sequential(("conv", Conv2d(4, 4, 3, padding: 1)), ("norm", BatchNorm2d(4)));
    private readonly Linear _classifier = Linear(4, 5);

    public SmallResidual() : base(nameof(SmallResidual)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        x = _norm1.forward(_conv1.forward(x)).relu_();
        Tensor y = _body.forward(x);
        y += x;
        x = functional.max_pool2d(y.relu_(), 2);
        return _classifier.forward(functional.adaptive_avg_pool2d(x, 1).flatten(1));
    }
}

/// <summary>Constructed with arguments; several constructors, an optional parameter, an enumeration.</summary>
public sealed class Configured : Module<Tensor, Tensor>
{
    private readonly Linear _linear;
    private readonly double _scale;

    public Configured(int width, double scale, DayOfWeek day = DayOfWeek.Monday) : base(nameof(Configured))
    {
        _linear = Linear(8, width + (day == DayOfWeek.Sunday ? 1 : 0));
        _scale = scale;
        RegisterComponents();
    }

    public Configured(long[] widths) : this((int)widths.Sum(), 1)
    {
    }

    public override Tensor forward(Tensor x) => _linear.forward(x) * _scale;
}

/// <summary>Tokens and features in, a tuple with names out.</summary>
public sealed class TwoInputs : Module<Tensor, Tensor, (Tensor, Tensor)>
{
    private readonly Parameter _table = Parameter(randn(7, 4));

    public TwoInputs() : base(nameof(TwoInputs)) => RegisterComponents();

    public override (Tensor, Tensor) forward(Tensor features, Tensor shift)
    {
        Tensor scores = features.matmul(_table) + shift;
        return (scores, functional.softmax(scores, 1));
    }
}

/// <summary>Returns a dictionary.</summary>
public sealed class Named : Module<Tensor, Dictionary<string, Tensor>>
{
    public Named() : base(nameof(Named)) => RegisterComponents();

    public override Dictionary<string, Tensor> forward(Tensor x) => new() { ["positive"] = x.relu(), ["negative"] = (-x).relu() };
}

/// <summary>Aliases of what is written in place have the new value; a copy from before has the old.</summary>
public sealed class Aliases : Module<Tensor, Tensor>
{
    public Aliases() : base(nameof(Aliases)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        Tensor y = x * 2;
        Tensor alias = y.alias();
        Tensor before = y.clone();
        y.add_(1).mul_(3);
        return cat([alias, before], 1);
    }
}

/// <summary>Zeros for the batch, joined with the input: a constant whose extent depends on the batch.</summary>
public sealed class ZerosForTheBatch : Module<Tensor, Tensor>
{
    public ZerosForTheBatch() : base(nameof(ZerosForTheBatch)) => RegisterComponents();

    public override Tensor forward(Tensor x) => cat([zeros(x.shape[0], 3), x], 1).reshape(x.shape[0] * 11);
}

/// <summary>Makes garbage in forward, so that addresses are used again, also by finalizers.</summary>
public sealed class ManyTemporaries : Module<Tensor, Tensor>
{
    private readonly Linear _linear = Linear(8, 8);

    public ManyTemporaries() : base(nameof(ManyTemporaries)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        for (int i = 0; i < 30; i++)
        {
            using (Tensor unused = x * i)
                x = _linear.forward(x) + x;
            _ = x + 1;
            GC.Collect();
            GC.WaitForPendingFinalizers();
            x = x / 2;
        }
        return x;
    }
}

public sealed class BranchOnData : Module<Tensor, Tensor>
{
    public BranchOnData() : base(nameof(BranchOnData)) => RegisterComponents();

    public override Tensor forward(Tensor x) => x.mean().item<float>() > 0 ? x * 2 : -x;
}

public sealed class WriteThroughView : Module<Tensor, Tensor>
{
    public WriteThroughView() : base(nameof(WriteThroughView)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        Tensor y = x * 2;
        y.view(-1).transpose(0, 0).mul_(3);
        return y + 1;
    }
}

public sealed class Noise : Module<Tensor, Tensor>
{
    private readonly Noisy _noisy = new();

    public Noise() : base(nameof(Noise)) => RegisterComponents();

    public override Tensor forward(Tensor x) => _noisy.call(x);

    public sealed class Noisy : Module<Tensor, Tensor>
    {
        public Noisy() : base(nameof(Noisy)) => RegisterComponents();

        public override Tensor forward(Tensor x) => x + randn(1, 8) * 0.1;
    }
}

public sealed class UnknownCall : Module<Tensor, Tensor>
{
    private readonly Sequential _layers = Sequential(("first", Linear(8, 8)), ("second", new Digamma()));

    public UnknownCall() : base(nameof(UnknownCall)) => RegisterComponents();

    public override Tensor forward(Tensor x) => _layers.forward(x);

    public sealed class Digamma : Module<Tensor, Tensor>
    {
        public Digamma() : base(nameof(Digamma)) => RegisterComponents();

        public override Tensor forward(Tensor x) => x.digamma();
    }
}

public sealed class BatchAsNumber : Module<Tensor, Tensor>
{
    public BatchAsNumber() : base(nameof(BatchAsNumber)) => RegisterComponents();

    public override Tensor forward(Tensor x) => x * (double)x.shape[0];
}

public sealed class AlwaysDropping : Module<Tensor, Tensor>
{
    public AlwaysDropping() : base(nameof(AlwaysDropping)) => RegisterComponents();

    public override Tensor forward(Tensor x) => functional.dropout(x, 0.5, training: true);
}

public sealed class Throwing : Module<Tensor, Tensor>
{
    public Throwing() : base(nameof(Throwing)) => throw new InvalidOperationException("the vocabulary is missing");

    public override Tensor forward(Tensor x) => x;
}

/// <summary>Multiplies matrices that do not fit: nothing in the native library catches what libtorch then throws.</summary>
public sealed class Aborting : Module<Tensor, Tensor>
{
    public Aborting() : base(nameof(Aborting)) => RegisterComponents();

    public override Tensor forward(Tensor x) => x.matmul(ones(5, 5));
}

public sealed class TextOut : Module<Tensor, string>
{
    public TextOut() : base(nameof(TextOut)) => RegisterComponents();

    public override string forward(Tensor x) => "cat";
}

public static class NoModule
{
}

/// <summary>Writes into its very input.</summary>
public sealed class InputInPlace : Module<Tensor, Tensor>
{
    public InputInPlace() : base(nameof(InputInPlace)) => RegisterComponents();

    public override Tensor forward(Tensor x) => x.sub_(0.5).relu_() + x;
}

/// <summary>Takes tokens: the element type of its input is found by trying.</summary>
public sealed class Tokens : Module<Tensor, Tensor>
{
    private readonly Parameter _table = Parameter(randn(50, 4));

    public Tokens() : base(nameof(Tokens)) => RegisterComponents();

    // Only integers can be counted.
    public override Tensor forward(Tensor tokens) => tokens.is_integral() ? tokens.to_type(ScalarType.Float32).matmul(_table.narrow(0, 0, 6)) : throw new ArgumentException("tokens are integers");
}
