using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchModules;

/// <summary>Weighs channels by what a small network makes of their means.</summary>
public sealed class SqueezeExcitation : Module<Tensor, Tensor>
{
    private readonly Conv2d _reduce;
    private readonly Conv2d _expand;

    public SqueezeExcitation(int channels) : base(nameof(SqueezeExcitation))
    {
        _reduce = Conv2d(channels, Math.Max(channels / 4, 2), 1);
        _expand = Conv2d(Math.Max(channels / 4, 2), channels, 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        Tensor weight = functional.relu(_reduce.forward(functional.adaptive_avg_pool2d(x, [1, 1])));
        return x * functional.hardsigmoid(_expand.forward(weight));
    }
}

/// <summary>Expands, filters each channel alone, projects; adds the input where shapes allow.</summary>
public sealed class InvertedResidual : Module<Tensor, Tensor>
{
    private readonly Sequential _body;
    private readonly bool _adds;

    public InvertedResidual(int channels, int outChannels, int expansion, int kernel, int stride, bool squeezes, bool hardSwish) : base(nameof(InvertedResidual))
    {
        int hidden = channels * expansion;
        _adds = stride == 1 && channels == outChannels;
        List<(string, Module<Tensor, Tensor>)> layers = [];
        if (expansion > 1)
            layers.AddRange([("expand", Conv2d(channels, hidden, 1, bias: false)), ("norm1", BatchNorm2d(hidden, eps: 1e-3)), ("activate1", Activation())]);
        layers.AddRange([("filter", Conv2d(hidden, hidden, kernel, stride: stride, padding: kernel / 2, groups: hidden, bias: false)),
            ("norm2", BatchNorm2d(hidden, eps: 1e-3)), ("activate2", Activation())]);
        if (squeezes)
            layers.Add(("squeeze", new SqueezeExcitation(hidden)));
        layers.AddRange([("project", Conv2d(hidden, outChannels, 1, bias: false)), ("norm3", BatchNorm2d(outChannels, eps: 1e-3))]);
        _body = Sequential(layers);
        RegisterComponents();

        Module<Tensor, Tensor> Activation() => hardSwish ? Hardswish(inplace: true) : ReLU6(inplace: true);
    }

    public override Tensor forward(Tensor x) => _adds ? x + _body.forward(x) : _body.forward(x);
}

/// <summary>Inverted residuals with ReLU6.</summary>
public sealed class MobileNetworkV2 : Module<Tensor, Tensor>
{
    private readonly Sequential _features = Sequential(
        ("stem", Conv2d(3, 8, 3, stride: 2, padding: 1, bias: false)), ("norm", BatchNorm2d(8)), ("relu", ReLU6(inplace: true)),
        ("0", new InvertedResidual(8, 8, 1, 3, 1, false, false)), ("1", new InvertedResidual(8, 12, 3, 3, 2, false, false)), ("2", new InvertedResidual(12, 12, 3, 3, 1, false, false)));
    private readonly Sequential _classifier = Sequential(("dropout", Dropout(0.2)), ("linear", Linear(12, 10)));

    public MobileNetworkV2() : base(nameof(MobileNetworkV2)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        x = functional.adaptive_avg_pool2d(_features.forward(x), 1);
        return _classifier.forward(x.reshape(x.shape[0], -1));
    }
}

/// <summary>Inverted residuals with squeeze and excitation, kernels of 5, and hard swish.</summary>
public sealed class MobileNetworkV3 : Module<Tensor, Tensor>
{
    private readonly Sequential _features = Sequential(
        ("stem", Conv2d(3, 8, 3, stride: 2, padding: 1, bias: false)), ("norm", BatchNorm2d(8)), ("swish", Hardswish()),
        ("0", new InvertedResidual(8, 8, 2, 3, 1, true, false)), ("1", new InvertedResidual(8, 12, 3, 5, 2, true, true)), ("2", new InvertedResidual(12, 12, 3, 5, 1, true, true)));
    private readonly Sequential _classifier = Sequential(Linear(12, 16), Hardswish(inplace: true), Dropout(0.2, inplace: true), Linear(16, 10));

    public MobileNetworkV3() : base(nameof(MobileNetworkV3)) => RegisterComponents();

    public override Tensor forward(Tensor x) => _classifier.forward(functional.adaptive_avg_pool2d(_features.forward(x), 1).flatten(1));
}
