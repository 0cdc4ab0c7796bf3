using Octet.Training;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

// Module types are named by users, as they are without a namespace here.
#pragma warning disable CA1050
/// <summary>A network that was prepared for quantization: folded BatchNormalization, a residual sum, a pool, a skipped layer.</summary>
public sealed class PreparedNetwork : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> _conv1 = Conv2d(1, 8, 3, padding: 1, bias: false);
    private readonly Module<Tensor, Tensor> _norm1 = BatchNorm2d(8);
    private readonly Module<Tensor, Tensor> _conv2 = Conv2d(8, 8, 3, padding: 1);
    private readonly Module<Tensor, Tensor> _body = Sequential(("hidden", Linear(128, 16)), ("relu", ReLU()), ("scores", Linear(16, 10)));

    public PreparedNetwork(bool learned)
        : base(nameof(PreparedNetwork))
    {
        RegisterComponents();
        Layers = [.. this.PrepareForQuantization(new TrainingRecipe { WeightBits = 4, Scales = learned ? ScaleLearning.Learned : ScaleLearning.Observed, ObservedBatches = 5 }).Select(layer => layer.Name)];
    }

    public string[] Layers { get; }

    public override Tensor forward(Tensor pixels)
    {
        Tensor x = functional.max_pool2d(functional.relu(_norm1.forward(_conv1.forward(pixels))), 2);
        return _body.forward(functional.relu(_conv2.forward(x)).flatten(1));
    }
}
