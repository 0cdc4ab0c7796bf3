using Octet.Quantization.Onnx;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Conversion;

/// <summary>Activation functions.</summary>
internal static class Activations
{
    public static void Register(ConversionTable table)
    {
        table.Add(call => Unary(call, "Relu"), "THSTensor_relu");
        table.Add(call => Unary(call, "Sigmoid"), "THSTensor_sigmoid", "THSSpecial_expit");
        table.Add(call => Unary(call, "Tanh"), "THSTensor_tanh");
        table.Add(call => Unary(call, "HardSwish"), "THSTensor_hardswish");
        table.Add(call => call.Return(call.Add("HardSigmoid", [call.Value("tensor")], Nodes.Attribute("alpha", 1f / 6), Nodes.Attribute("beta", 0.5f))), "THSTensor_hardsigmoid");
        table.Add(call => call.Return(Clip(call, call.Value("tensor"), 0, 6)), "THSTensor_relu6");
        table.Add(call => call.Return(Clip(call, call.Value("tensor"), call.Scalar("min").Number, call.Scalar("max").Number)), "THSTensor_hardtanh");
        table.Add(call => call.Return(call.Add("LeakyRelu", [call.Value("tensor")], Nodes.Attribute("alpha", (float)call.Scalar("negative_slope").Number))), "THSTensor_leaky_relu");
        table.Add(call => call.Return(call.Add("PRelu", [call.Value("tensor"), Slope(call)])), "THSTensor_prelu");
        table.Add(call => Unary(call, "Selu"), "THSTensor_selu");
        table.Add(call => call.Return(call.Add("Celu", [call.Value("tensor")], Nodes.Attribute("alpha", (float)call.Scalar("alpha").Number))), "THSTensor_celu");
        table.Add(Elu, "THSTensor_elu");
        table.Add(Silu, "THSTensor_silu");
        table.Add(Softplus, "THSTensor_softplus");
        table.Add(call => call.Return(call.Add("Log", [call.Add("Sigmoid", [call.Value("tensor")])])), "THSTensor_log_sigmoid");
        table.Add(call => call.Return(Gelu(call, call.Value("tensor"), call.Result().ElementType, approximate: false)), "THSTensor_gelu");
        table.Add(call => call.Return(Gelu(call, call.Value("tensor"), call.Result().ElementType, call.Text("approximate") == "tanh")), "THSTensor_gelu_with_approximate");
        table.Add(call => Softmax(call, "Softmax"), "THSSpecial_softmax");
        table.Add(call => Softmax(call, "LogSoftmax"), "THSSpecial_log_softmax");
    }

    private static void Unary(ConversionContext call, string operation) => call.Return(call.Add(operation, [call.Value(call.Tensor("tensor"), call.Result().ElementType)]));

    private static string Clip(ConversionContext call, string value, double least, double greatest)
    {
        torch.ScalarType type = call.Result().ElementType;
        return call.Add("Clip", [value, call.Constant(type, least), call.Constant(type, greatest)]);
    }

    // One slope for all, or one a channel, which is the second axis.
    private static string Slope(ConversionContext call)
    {
        TracedTensor slope = call.Tensor("trg");
        int rank = call.Tensor("tensor").Rank;
        return slope.Rank == 1 && slope.Shape[0].First > 1 && rank > 2
            ? call.Add("Reshape", [call.Value(slope), call.Integers([-1, .. Enumerable.Repeat(1L, rank - 2)])])
            : call.Value(slope);
    }

    // scale * (x where x > 0, else alpha * (exp(input_scale * x) - 1)).
    private static void Elu(ConversionContext call)
    {
        double scale = call.OptionalScalar("scale")?.Number ?? 1;
        if ((call.OptionalScalar("input_scale")?.Number ?? 1) != 1)
            throw call.Unsupported("with an input scale");
        string elu = call.Add("Elu", [call.Value("tensor")], Nodes.Attribute("alpha", (float)call.Scalar("alpha").Number));
        call.Return(scale == 1 ? elu : call.Add("Mul", [elu, call.Constant(call.Result().ElementType, scale)]));
    }

    private static void Silu(ConversionContext call)
    {
        string value = call.Value("tensor");
        call.Return(call.Add("Mul", [value, call.Add("Sigmoid", [value])]));
    }

    // log(1 + exp(beta * x)) / beta; beyond the threshold x itself, which is then equal within a float's precision for the usual 20.
    private static void Softplus(ConversionContext call)
    {
        torch.ScalarType type = call.Result().ElementType;
        (double beta, double threshold) = (call.Scalar("beta").Number, call.Scalar("threshold").Number);
        string value = call.Value("tensor");
        string scaled = beta == 1 ? value : call.Add("Mul", [value, call.Constant(type, beta)]);
        string soft = call.Add("Softplus", [scaled]);
        if (beta != 1)
            soft = call.Add("Div", [soft, call.Constant(type, beta)]);
        call.Return(threshold >= 20 ? soft : call.Add("Where", [call.Add("Greater", [scaled, call.Constant(type, threshold)]), value, soft]));
    }

    // Without approximation x/2 * (1 + erf(x / sqrt 2)); with it the form with tanh. Both are written out: the operator Gelu is younger than opset 17.
    internal static string Gelu(ConversionContext call, string value, torch.ScalarType type, bool approximate)
    {
        string gate;
        if (approximate)
        {
            string cubic = call.Add("Mul", [call.Add("Mul", [call.Add("Mul", [value, value]), value]), call.Constant(type, 0.044715)]);
            gate = call.Add("Tanh", [call.Add("Mul", [call.Add("Add", [value, cubic]), call.Constant(type, Math.Sqrt(2 / Math.PI))])]);
        }
        else
        {
            gate = call.Add("Erf", [call.Add("Div", [value, call.Constant(type, Math.Sqrt(2))])]);
        }
        return call.Add("Mul", [call.Add("Mul", [value, call.Add("Add", [gate, call.Constant(type, 1)])]), call.Constant(type, 0.5)]);
    }

    private static void Softmax(ConversionContext call, string operation)
    {
        TracedTensor tensor = call.Tensor("tensor");
        call.Return(call.Add(operation, [call.Value(tensor, call.Result().ElementType)], Nodes.Attribute("axis", (long)tensor.Axis(call.Integer("dim")))));
    }
}
