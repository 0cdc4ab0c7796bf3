using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Octet.Training.Tests;

// TorchSharp takes the names of the state from those of the fields.
#pragma warning disable IDE1006

/// <summary>Networks in the forms that users write.</summary>
internal static class Networks
{
    /// <summary>A narrow network for the digits, as a Sequential: convolution, BatchNormalization, Relu, twice; pool; two linear layers.</summary>
    public static Sequential Narrow(int channels = 6) => Sequential(
        ("conv1", Conv2d(1, channels, 3, padding: 1, bias: false)), ("bn1", BatchNorm2d(channels)), ("relu1", ReLU()),
        ("conv2", Conv2d(channels, 2 * channels, 3, padding: 1)), ("bn2", BatchNorm2d(2 * channels)), ("relu2", ReLU6()),
        ("pool", MaxPool2d(2)), ("flatten", Flatten()),
        ("hidden", Linear(2 * channels * 16, 16)), ("relu3", ReLU()), ("scores", Linear(16, 10)));

    /// <summary>A block with a residual sum, modules in fields and functional activations.</summary>
    internal sealed class Residual : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> first = Conv2d(1, 4, 3, padding: 1);
        private readonly Module<Tensor, Tensor> normalization = BatchNorm2d(4);
        private readonly Module<Tensor, Tensor> second = Conv2d(4, 4, 3, padding: 1);
        private readonly Module<Tensor, Tensor> last = Linear(4 * 64, 10);

        public Residual()
            : base(nameof(Residual)) => RegisterComponents();

        public override Tensor forward(Tensor input)
        {
            Tensor x = functional.relu(normalization.forward(first.forward(input)));
            return last.forward(functional.relu(x + second.forward(x)).flatten(1));
        }
    }

    /// <summary>The type of its field is that of the layer.</summary>
    internal sealed class TypedField : Module<Tensor, Tensor>
    {
        private readonly Conv2d narrow = Conv2d(1, 4, 3);
        private readonly Module<Tensor, Tensor> wide = Conv2d(4, 4, 3);

        public TypedField()
            : base(nameof(TypedField)) => RegisterComponents();

        public override Tensor forward(Tensor input) => wide.forward(narrow.forward(input));
    }

    /// <summary>BatchNormalizations are called in another order than they were declared in.</summary>
    internal sealed class Crossed : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> conv1 = Conv2d(1, 4, 3);
        private readonly Module<Tensor, Tensor> conv2 = Conv2d(4, 4, 3);
        private readonly Module<Tensor, Tensor> bn1 = BatchNorm2d(4);
        private readonly Module<Tensor, Tensor> bn2 = BatchNorm2d(4);

        public Crossed()
            : base(nameof(Crossed)) => RegisterComponents();

        public override Tensor forward(Tensor input) => bn2.forward(conv2.forward(functional.relu(bn1.forward(conv1.forward(input)))));
    }

    /// <summary>Layers in a ModuleList, one of them twice in use.</summary>
    internal sealed class Listed : Module<Tensor, Tensor>
    {
        private readonly ModuleList<Module<Tensor, Tensor>> layers = ModuleList<Module<Tensor, Tensor>>(Linear(8, 8), ReLU(), Linear(8, 8));

        public Listed()
            : base(nameof(Listed)) => RegisterComponents();

        public override Tensor forward(Tensor input) => layers.Aggregate(input, (x, layer) => layer.forward(x));
    }
}
