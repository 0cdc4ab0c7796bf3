using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchModules;

/// <summary>A convolution, its normalization, and ReLU.</summary>
public sealed class ConvolutionUnit : Module<Tensor, Tensor>
{
    private readonly Conv2d _conv;
    private readonly BatchNorm2d _norm;

    public ConvolutionUnit(int channels, int outChannels, (long, long) kernel, (long, long)? stride = null, (long, long)? padding = null) : base(nameof(ConvolutionUnit))
    {
        _conv = Conv2d(channels, outChannels, kernel, stride: stride, padding: padding, bias: false);
        _norm = BatchNorm2d(outChannels, eps: 1e-3);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => functional.relu(_norm.forward(_conv.forward(x)), inplace: true);
}

/// <summary>Four branches side by side: pointwise, factorised 7x7, two 3x3, pooled.</summary>
public sealed class InceptionBlock : Module<Tensor, Tensor>
{
    private readonly ConvolutionUnit _point;
    private readonly Sequential _factorised;
    private readonly Sequential _double;
    private readonly ConvolutionUnit _pooled;

    public InceptionBlock(int channels) : base(nameof(InceptionBlock))
    {
        _point = new(channels, 4, (1, 1));
        _factorised = Sequential(("0", new ConvolutionUnit(channels, 4, (1, 1))), ("1", new ConvolutionUnit(4, 6, (1, 7), padding: (0, 3))), ("2", new ConvolutionUnit(6, 6, (7, 1), padding: (3, 0))));
        _double = Sequential(("0", new ConvolutionUnit(channels, 4, (1, 1))), ("1", new ConvolutionUnit(4, 4, (3, 3), padding: (1, 1))), ("2", new ConvolutionUnit(4, 4, (3, 3), padding: (1, 1))));
        _pooled = new(channels, 2, (1, 1));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) =>
        cat([_point.forward(x), _factorised.forward(x), _double.forward(x), _pooled.forward(functional.avg_pool2d(x, 3, stride: 1, padding: 1))], 1);
}

/// <summary>Halves the image in two branches: a strided convolution and a pool that rounds up.</summary>
public sealed class ReductionBlock : Module<Tensor, Tensor>
{
    private readonly ConvolutionUnit _strided;
    private readonly MaxPool2d _pool = MaxPool2d(3, stride: 2, ceil_mode: true);

    public ReductionBlock(int channels) : base(nameof(ReductionBlock))
    {
        _strided = new(channels, 8, (3, 3), stride: (2, 2), padding: (1, 1));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => cat([_strided.forward(x), _pool.forward(x)], dim: 1);
}

/// <summary>Branches that are joined, factorised convolutions, an input that is normalised channel by channel, an auxiliary head that only training uses.</summary>
public sealed class InceptionNetwork : Module<Tensor, Tensor>
{
    private readonly ConvolutionUnit _stem = new(3, 8, (3, 3), stride: (2, 2), padding: (1, 1));
    private readonly InceptionBlock _block1 = new(8);
    private readonly ReductionBlock _reduction = new(16);
    private readonly InceptionBlock _block2 = new(24);
    private readonly Linear _auxiliary = Linear(16, 10);
    private readonly Linear _classifier = Linear(16, 10);

    public InceptionNetwork() : base(nameof(InceptionNetwork)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        Tensor red = x[TensorIndex.Colon, 0].unsqueeze(1) * 0.458 - 0.03;
        Tensor green = x[TensorIndex.Colon, 1].unsqueeze(1) * 0.448 - 0.088;
        Tensor blue = x[TensorIndex.Colon, 2].unsqueeze(1) * 0.45 - 0.188;
        x = _block1.forward(_stem.forward(cat([red, green, blue], 1)));
        if (training)
            return _auxiliary.forward(x.mean([2, 3]));
        x = _block2.forward(_reduction.forward(x));
        return _classifier.forward(flatten(functional.adaptive_avg_pool2d(x, 1), 1));
    }
}

/// <summary>Each layer sees all layers before it: the list that is joined grows.</summary>
public sealed class DenseBlock : Module<Tensor, Tensor>
{
    private readonly ModuleList<Sequential> _layers = [];

    public DenseBlock(int channels, int growth, int layers) : base(nameof(DenseBlock))
    {
        for (int i = 0; i < layers; i++)
        {
            int seen = channels + i * growth;
            _layers.Add(Sequential(
                ("norm1", BatchNorm2d(seen)), ("relu1", ReLU(inplace: true)), ("conv1", Conv2d(seen, 4 * growth, 1, bias: false)),
                ("norm2", BatchNorm2d(4 * growth)), ("relu2", ReLU(inplace: true)), ("conv2", Conv2d(4 * growth, growth, 3, padding: 1, bias: false))));
        }
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        List<Tensor> features = [x];
        foreach (Sequential layer in _layers)
            features.Add(layer.forward(cat(features, 1)));
        return cat(features, 1);
    }
}

/// <summary>Dense blocks with a transition that halves channels and image.</summary>
public sealed class DenseNetwork : Module<Tensor, Tensor>
{
    private readonly Conv2d _stem = Conv2d(3, 8, 3, stride: 2, padding: 1, bias: false);
    private readonly DenseBlock _block1 = new(8, 4, 3);
    private readonly Sequential _transition = Sequential(("norm", BatchNorm2d(20)), ("relu", ReLU()), ("conv", Conv2d(20, 10, 1, bias: false)), ("pool", AvgPool2d(2)));
    private readonly DenseBlock _block2 = new(10, 4, 2);
    private readonly BatchNorm2d _norm = BatchNorm2d(18);
    private readonly Linear _classifier = Linear(18, 10);

    public DenseNetwork() : base(nameof(DenseNetwork)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        x = _block2.forward(_transition.forward(_block1.forward(_stem.forward(x))));
        x = functional.relu(_norm.forward(x), inplace: true);
        return _classifier.forward(functional.adaptive_avg_pool2d(x, [1, 1]).flatten(1));
    }
}
