using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchModules;

/// <summary>Two 3x3 convolutions around an identity or a projection; adds in place.</summary>
public sealed class BasicBlock : Module<Tensor, Tensor>
{
    private readonly Conv2d _conv1;
    private readonly BatchNorm2d _norm1;
    private readonly Conv2d _conv2;
    private readonly BatchNorm2d _norm2;
    private readonly Sequential? _projection;

    public BasicBlock(int channels, int outChannels, int stride) : base(nameof(BasicBlock))
    {
        _conv1 = Conv2d(channels, outChannels, 3, stride: stride, padding: 1, bias: false);
        _norm1 = BatchNorm2d(outChannels);
        _conv2 = Conv2d(outChannels, outChannels, 3, padding: 1, bias: false);
        _norm2 = BatchNorm2d(outChannels);
        if (stride != 1 || channels != outChannels)
            _projection = Sequential(("conv", Conv2d(channels, outChannels, 1, stride: stride, bias: false)), ("norm", BatchNorm2d(outChannels)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        Tensor y = functional.relu(_norm1.forward(_conv1.forward(x)));
        y = _norm2.forward(_conv2.forward(y));
        y.add_(_projection is null ? x : _projection.forward(x));
        return y.relu_();
    }
}

/// <summary>1x1, 3x3, 1x1 with four times the channels at the end.</summary>
public sealed class BottleneckBlock : Module<Tensor, Tensor>
{
    private readonly Sequential _body;
    private readonly Sequential? _projection;
    private readonly ReLU _relu = ReLU(inplace: true);

    public BottleneckBlock(int channels, int width, int stride) : base(nameof(BottleneckBlock))
    {
        _body = Sequential(
            ("reduce", Conv2d(channels, width, 1, bias: false)), ("norm1", BatchNorm2d(width)), ("relu1", ReLU(inplace: true)),
            ("spatial", Conv2d(width, width, 3, stride: stride, padding: 1, bias: false)), ("norm2", BatchNorm2d(width)), ("relu2", ReLU(inplace: true)),
            ("expand", Conv2d(width, 4 * width, 1, bias: false)), ("norm3", BatchNorm2d(4 * width)));
        if (stride != 1 || channels != 4 * width)
            _projection = Sequential(("conv", Conv2d(channels, 4 * width, 1, stride: stride, bias: false)), ("norm", BatchNorm2d(4 * width)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => _relu.forward(_body.forward(x) + (_projection?.forward(x) ?? x));
}

/// <summary>Normalization and activation before each convolution; the projection branches off behind the first activation.</summary>
public sealed class PreActivationBlock : Module<Tensor, Tensor>
{
    private readonly BatchNorm2d _norm1;
    private readonly Conv2d _conv1;
    private readonly BatchNorm2d _norm2;
    private readonly Conv2d _conv2;
    private readonly Conv2d? _projection;

    public PreActivationBlock(int channels, int outChannels, int stride) : base(nameof(PreActivationBlock))
    {
        _norm1 = BatchNorm2d(channels);
        _conv1 = Conv2d(channels, outChannels, 3, stride: stride, padding: 1, bias: false);
        _norm2 = BatchNorm2d(outChannels);
        _conv2 = Conv2d(outChannels, outChannels, 3, padding: 1, bias: false);
        if (stride != 1 || channels != outChannels)
            _projection = Conv2d(channels, outChannels, 1, stride: stride, bias: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        Tensor activated = _norm1.forward(x).relu_();
        Tensor shortcut = _projection?.forward(activated) ?? x;
        Tensor y = _conv1.forward(activated);
        return _conv2.forward(_norm2.forward(y).relu()) + shortcut;
    }
}

/// <summary>A residual network of basic blocks for 3x32x32 images.</summary>
public sealed class ResidualNetwork : Module<Tensor, Tensor>
{
    private readonly Sequential _stem;
    private readonly Sequential _stages;
    private readonly AdaptiveAvgPool2d _pool = AdaptiveAvgPool2d(1);
    private readonly Linear _classifier;

    public ResidualNetwork(int classes = 10) : base(nameof(ResidualNetwork))
    {
        _stem = Sequential(("conv", Conv2d(3, 8, 7, stride: 2, padding: 3, bias: false)), ("norm", BatchNorm2d(8)), ("relu", ReLU(inplace: true)),
            ("pool", MaxPool2d(3, stride: 2, padding: 1)));
        _stages = Sequential(("0", new BasicBlock(8, 8, 1)), ("1", new BasicBlock(8, 16, 2)), ("2", new BasicBlock(16, 16, 1)));
        _classifier = Linear(16, classes);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        Tensor features = _pool.forward(_stages.forward(_stem.forward(x)));
        return _classifier.forward(features.view(features.shape[0], -1));
    }
}

/// <summary>A residual network of bottleneck blocks; drops out before its classifier.</summary>
public sealed class BottleneckNetwork : Module<Tensor, Tensor>
{
    private readonly Conv2d _stem = Conv2d(3, 8, 3, padding: 1, bias: false);
    private readonly ModuleList<BottleneckBlock> _blocks = ModuleList(new BottleneckBlock(8, 4, 1), new BottleneckBlock(16, 8, 2), new BottleneckBlock(32, 8, 1));
    private readonly Dropout _dropout = Dropout(0.5);
    private readonly Linear _classifier = Linear(32, 10);

    public BottleneckNetwork() : base(nameof(BottleneckNetwork)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        x = _stem.call(x);
        foreach (BottleneckBlock block in _blocks)
            x = block.call(x);
        x = functional.adaptive_avg_pool2d(x, 1).flatten(1);
        return functional.log_softmax(_classifier.call(_dropout.call(x)), 1);
    }
}

/// <summary>A residual network of the second version: activations first.</summary>
public sealed class PreActivationNetwork : Module<Tensor, Tensor>
{
    private readonly Conv2d _stem = Conv2d(3, 8, 3, padding: 1, bias: false);
    private readonly Sequential _stages = Sequential(("0", new PreActivationBlock(8, 8, 1)), ("1", new PreActivationBlock(8, 16, 2)), ("2", new PreActivationBlock(16, 16, 1)));
    private readonly BatchNorm2d _norm = BatchNorm2d(16);
    private readonly Linear _classifier = Linear(16, 10);

    public PreActivationNetwork() : base(nameof(PreActivationNetwork)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        x = functional.relu(_norm.forward(_stages.forward(_stem.forward(x))));
        return _classifier.forward(x.mean([2, 3]));
    }
}
