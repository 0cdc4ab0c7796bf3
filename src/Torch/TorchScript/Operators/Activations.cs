using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace Octet.Torch.TorchScript.Operators;

/// <summary>Activation functions.</summary>
internal static class Activations
{
    public static void Register(OperatorTable table)
    {
        void Add(string name, Func<Tensor, Tensor> function, Func<Tensor, Tensor>? inPlace = null)
        {
            table.Add(call => function(call.Tensor(0, "self")), name);
            if (inPlace is not null)
                table.Add(call => inPlace(call.Tensor(0, "self")), name + "_");
        }

        Add("relu", x => x.relu(), x => x.relu_());
        Add("relu6", x => x.relu6(), x => x.relu6_());
        Add("sigmoid", x => x.sigmoid(), x => x.sigmoid_());
        Add("tanh", x => x.tanh(), x => x.tanh_());
        Add("silu", x => F.silu(x), x => F.silu(x, inplace: true));
        Add("mish", x => F.mish(x), x => F.mish(x, inplace: true));
        Add("hardswish", x => F.hardswish(x), x => F.hardswish(x, inplace: true));
        Add("hardsigmoid", x => F.hardsigmoid(x), x => F.hardsigmoid(x, inplace: true));
        Add("selu", x => F.selu(x), x => F.selu(x, inplace: true));
        Add("log_sigmoid", x => x.log_sigmoid());
        Add("softsign", x => F.softsign(x));
        table.Add(call => Gelu(call, call.Tensor(0, "self")), "gelu");
        // TorchSharp's own does not keep to the lower bound.
        table.Add(call => call.Tensor(0, "self").clamp(call.Scalar(1, "min_val", -1L), call.Scalar(2, "max_val", 1L)), "hardtanh");
        table.Add(call => call.Tensor(0, "self").clamp_(call.Scalar(1, "min_val", -1L), call.Scalar(2, "max_val", 1L)), "hardtanh_");
        table.Add(call => F.leaky_relu(call.Tensor(0, "self"), call.Number(1, "negative_slope", 0.01)), "leaky_relu");
        table.Add(call => F.leaky_relu(call.Tensor(0, "self"), call.Number(1, "negative_slope", 0.01), inplace: true), "leaky_relu_");
        table.Add(call => Elu(call, inPlace: false), "elu");
        table.Add(call => Elu(call, inPlace: true), "elu_");
        table.Add(call => F.celu(call.Tensor(0, "self"), call.Number(1, "alpha", 1)), "celu");
        table.Add(call => F.softplus(call.Tensor(0, "self"), call.Number(1, "beta", 1), call.Number(2, "threshold", 20)), "softplus");
        table.Add(call => F.threshold(call.Tensor(0, "self"), call.Number(1, "threshold"), call.Number(2, "value")), "threshold");
        table.Add(call => F.glu(call.Tensor(0, "self"), call.Integer(1, "dim", -1)), "glu");
        table.Add(call => F.prelu(call.Tensor(0, "self"), call.Tensor(1, "weight")), "prelu");
        table.Add(call => call.Tensor(0, "self").softmax(call.Integer(1, "dim"), call.ElementType(2, "dtype")), "softmax");
        table.Add(call => call.Tensor(0, "self").softmax(call.Integer(1, "dim"), call.Flag(2, "half_to_float") ? throw call.Unsupported("with a change of type") : null), "_softmax");
        table.Add(call => call.Tensor(0, "self").log_softmax(call.Integer(1, "dim"), call.ElementType(2, "dtype")), "log_softmax");
        // Random where they train; TorchSharp's does nothing otherwise, and neither does this.
        table.Add(call => F.dropout(call.Tensor(0, "input"), call.Number(1, "p"), call.Flag(2, "train")), "dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout");
        table.Add(call => F.dropout(call.Tensor(0, "input"), call.Number(1, "p"), call.Flag(2, "train"), inplace: true), "dropout_");
    }

    private static Tensor Gelu(Operands call, Tensor tensor) => call.OptionalText(1, "approximate") switch
    {
        null or "none" => F.gelu(tensor),
        "tanh" => F.gelu(tensor, TorchSharp.Modules.GELU.Approximate.tanh),
        var other => throw call.Unsupported($"with approximation '{other}'"),
    };

    private static Tensor Elu(Operands call, bool inPlace)
    {
        if (call.Number(2, "scale", 1) != 1 || call.Number(3, "input_scale", 1) != 1)
            throw call.Unsupported("with factors other than 1");
        return F.elu(call.Tensor(0, "self"), call.Number(1, "alpha", 1), inPlace);
    }
}
