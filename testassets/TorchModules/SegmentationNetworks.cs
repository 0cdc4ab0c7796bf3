using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchModules;

/// <summary>Two convolutions with group normalization.</summary>
public sealed class GroupNormalizedPair : Module<Tensor, Tensor>
{
    private readonly Sequential _layers;

    public GroupNormalizedPair(int channels, int outChannels) : base(nameof(GroupNormalizedPair))
    {
        _layers = Sequential(
            ("conv1", Conv2d(channels, outChannels, 3, padding: 1)), ("norm1", GroupNorm(2, outChannels)), ("silu1", SiLU()),
            ("conv2", Conv2d(outChannels, outChannels, 3, padding: 1, padding_mode: PaddingModes.Reflect)), ("norm2", GroupNorm(4, outChannels)), ("silu2", SiLU()));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => _layers.forward(x);
}

/// <summary>Down, up by a transposed convolution and by interpolation, and joined with what was seen on the way down.</summary>
public sealed class SegmentationNetwork : Module<Tensor, Tensor>
{
    private readonly GroupNormalizedPair _down1 = new(3, 8);
    private readonly GroupNormalizedPair _down2 = new(8, 12);
    private readonly GroupNormalizedPair _bottom = new(12, 16);
    private readonly ConvTranspose2d _up2 = ConvTranspose2d(16, 12, 2, stride: 2);
    private readonly GroupNormalizedPair _merge2 = new(24, 12);
    private readonly GroupNormalizedPair _merge1 = new(20, 8);
    private readonly Conv2d _head = Conv2d(8, 2, 1);

    public SegmentationNetwork() : base(nameof(SegmentationNetwork)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        Tensor down1 = _down1.forward(x);
        Tensor down2 = _down2.forward(functional.max_pool2d(down1, 2));
        Tensor bottom = _bottom.forward(functional.max_pool2d(down2, 2));
        Tensor merged = _merge2.forward(cat([_up2.forward(bottom), down2], 1));
        Tensor up = functional.interpolate(merged, size: [down1.shape[2], down1.shape[3]], mode: InterpolationMode.Bilinear, align_corners: false);
        return functional.softmax(_head.forward(_merge1.forward(cat([up, down1], 1))), 1);
    }
}

/// <summary>Raises resolution by shuffling channels into pixels, beside an upsampled copy of the input.</summary>
public sealed class SuperResolutionNetwork : Module<Tensor, Tensor>
{
    private readonly Conv2d _conv1 = Conv2d(1, 8, 5, padding: 2);
    private readonly PReLU _prelu = PReLU(8);
    private readonly InstanceNorm2d _norm = InstanceNorm2d(8, affine: true);
    private readonly Conv2d _conv2 = Conv2d(8, 4, 3, padding: 1, padding_mode: PaddingModes.Replicate);
    private readonly PixelShuffle _shuffle = PixelShuffle(2);
    private readonly Upsample _upsample = Upsample(scale_factor: [2.0, 2.0], mode: UpsampleMode.Nearest);

    public SuperResolutionNetwork() : base(nameof(SuperResolutionNetwork)) => RegisterComponents();

    public override Tensor forward(Tensor x) => _upsample.forward(x) + _shuffle.forward(_conv2.forward(_norm.forward(_prelu.forward(_conv1.forward(x))))).tanh();
}
