using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Calibration.DataFree;

/// <summary>A function of each element by itself, as the ONNX operators define them.</summary>
/// <param name="Value">The function; at infinity, its limit.</param>
/// <param name="Turns">Where it stops to fall or to rise; it is monotone between these places.</param>
internal sealed record ElementwiseFunction(Func<double, double> Value, params double[] Turns)
{
    // Where x * sigmoid(x), x * Phi(x) and x * tanh(ln(1 + e^x)) are smallest.
    private const double SwishTurn = -1.2784645427610738;
    private const double GeluTurn = -0.7517915246935645;
    private const double MishTurn = -1.1924312145154293;

    private const double SeluAlpha = 1.67326319217681884765625;
    private const double SeluGamma = 1.05070102214813232421875;

    /// <summary>The values that it takes on an interval.</summary>
    public Interval On(Interval interval)
    {
        double low = Value(interval.Low), high = Value(interval.High);
        Interval result = new(Math.Min(low, high), Math.Max(low, high));
        foreach (double turn in Turns.Where(interval.Contains))
            result = result.Hull(new Interval(Value(turn), Value(turn)));
        return result;
    }

    /// <summary>The function of a node whose other inputs, if any, are constant scalars; null where it has none that is known here.</summary>
    public static ElementwiseFunction? Of(NodeProto node, GraphIndex index)
    {
        if (node.Domain == ContribOperators.Domain)
            return node.OpType switch
            {
                "Gelu" => Gelu,
                "FastGelu" when node.InputAt(1).Length == 0 => FastGelu,
                "QuickGelu" => Swish(node.Float("alpha", 1.702f)),
                _ => null,
            };
        if (!node.IsStandard())
            return null;
        return node.OpType switch
        {
            "Relu" => new(x => Math.Max(x, 0)),
            "LeakyRelu" => Leaky(node.Float("alpha", 0.01f)),
            "PRelu" when index.Scalar(node.InputAt(1)) is { } slope => Leaky(slope),
            "Clip" => Clip(node, index),
            "Sigmoid" => new(Sigmoid),
            "HardSigmoid" => HardSigmoid(node.Float("alpha", 0.2f), node.Float("beta", 0.5f)),
            "HardSwish" => new(x => x <= -3 ? 0 : x >= 3 ? x : x * (x + 3) / 6, -3, -1.5),
            "Swish" => Swish(node.Float("alpha", 1)),
            "Mish" => new(x => x < -700 ? 0 : x * Math.Tanh(Softplus(x)), MishTurn),
            "Gelu" => node.Text("approximate", "none") == "tanh" ? FastGelu : Gelu,
            "Tanh" => new(Math.Tanh),
            "Erf" => new(Erf),
            "Elu" => Elu(node.Float("alpha", 1), 1),
            "Selu" => Elu(node.Float("alpha", (float)SeluAlpha), node.Float("gamma", (float)SeluGamma)),
            "Celu" => Celu(node.Float("alpha", 1)),
            "Softplus" => new(Softplus),
            "Softsign" => new(x => double.IsInfinity(x) ? Math.Sign(x) : x / (1 + Math.Abs(x))),
            "Exp" => new(Math.Exp),
            "Abs" => new(Math.Abs, 0),
            "Neg" => new(x => -x),
            "Sqrt" => new(x => Math.Sqrt(Math.Max(x, 0))),
            "Pow" when index.Scalar(node.InputAt(1)) is 2 => new(x => x * x, 0),
            "Pow" when index.Scalar(node.InputAt(1)) is 3 => new(x => x * x * x),
            _ => null,
        };
    }

    private static ElementwiseFunction Gelu { get; } = new(x => double.IsNegativeInfinity(x) ? 0 : x * (1 + Erf(x / Math.Sqrt(2))) / 2, GeluTurn);

    private static ElementwiseFunction FastGelu { get; } =
        new(x => double.IsNegativeInfinity(x) ? 0 : x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))) / 2, GeluTurn);

    private static ElementwiseFunction Leaky(double slope) => new(x => x < 0 ? Times(slope, x) : x, 0);

    private static ElementwiseFunction HardSigmoid(double alpha, double beta) => new(x => Math.Clamp(Times(alpha, x) + beta, 0, 1));

    private static ElementwiseFunction? Swish(double alpha) => alpha > 0 ? new(x => double.IsNegativeInfinity(x) ? 0 : x * Sigmoid(alpha * x), SwishTurn / alpha) : null;

    private static ElementwiseFunction Elu(double alpha, double gamma) => new(x => gamma * (x < 0 ? alpha * (Math.Exp(x) - 1) : x), 0);

    private static ElementwiseFunction Celu(double alpha) => new(x => x < 0 ? alpha * (Math.Exp(x / alpha) - 1) : x, 0);

    private static ElementwiseFunction? Clip(NodeProto node, GraphIndex index)
    {
        // Up to opset 10 the limits are attributes, later they are inputs.
        double? low = Limit("min", 1, double.NegativeInfinity), high = Limit("max", 2, double.PositiveInfinity);
        return low is { } from && high is { } to ? new(x => Math.Min(Math.Max(x, from), to)) : null;

        double? Limit(string attribute, int input, double none) =>
            node.Attribute(attribute) is { } value ? value.F : node.InputAt(input).Length == 0 ? none : index.Scalar(node.Input[input]);
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static double Softplus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));

    private static double Times(double factor, double x) => factor == 0 ? 0 : factor * x;

    /// <summary>The error function to 1.5e-7 (Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26).</summary>
    private static double Erf(double x)
    {
        double t = 1 / (1 + 0.3275911 * Math.Abs(x));
        double series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
        return Math.Sign(x) * (1 - series * Math.Exp(-x * x));
    }
}
