using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Methods;

/// <summary>What ONNX Runtime's integer kernels ask of an operator.</summary>
internal static class OperatorTraits
{
    /// <summary>Whether the node does the multiplications that quantization speeds up.</summary>
    public static bool IsCompute(NodeProto node) =>
        (node.IsStandard() && node.OpType is "Conv" or "ConvTranspose" or "Gemm" or "MatMul" or "LSTM" or "GRU" or "RNN") || IsContribAttention(node);

    /// <summary>Whether the node is ONNX Runtime's own fused attention, projections included (the standard's Attention has none).</summary>
    public static bool IsContribAttention(NodeProto node) => node.OpType == "Attention" && node.Domain == ContribOperators.Domain;

    /// <summary>Domain and name of the model's own functions that have compute nodes, themselves or in functions that they call.</summary>
    public static HashSet<(string Domain, string Name)> FunctionsWithCompute(ModelProto model)
    {
        HashSet<(string Domain, string Name)> found = [];
        int before;
        do
        {
            before = found.Count;
            found.UnionWith(model.Functions
                .Where(function => function.Node.Any(node => IsCompute(node) || found.Contains((node.Domain, node.OpType))))
                .Select(function => (function.Domain, function.Name)).ToArray());
        }
        while (found.Count > before);
        return found;
    }

    /// <summary>Why a compute node cannot be static integer; null where it can.</summary>
    public static string? ReasonNotStatic(NodeProto node, GraphIndex index)
    {
        if (node.OpType is not ("Conv" or "Gemm" or "MatMul"))
            return $"ONNX Runtime has no static integer kernel for {node.OpType}";
        if (index.Initializer(node.InputAt(1)) is not { } weights)
            // QLinearMatMul takes two activations, but packs its second operand anew in each run: no faster than float, from 16 to 128 rows.
            return node.OpType == "MatMul" ? "both its operands are computed, where the integer kernel is no faster" : "its weights are computed, not constant";
        // Scales are 32-bit floats: QuantizeLinear takes and DequantizeLinear gives values of no other type here.
        if (!IsSingle(weights))
            return "its weights are not 32-bit floating-point";
        if (index.Initializer(node.InputAt(0)) is not null)
            return "its input is constant";
        if (node.InputAt(2).Length > 0 && (index.Initializer(node.Input[2]) is not { } bias || !IsSingle(bias)))
            return "its bias is computed, not a constant of 32-bit floating-point";
        return node.OpType switch
        {
            "Conv" when weights.Dims.Count < 3 => "its weights have too few dimensions",
            "MatMul" when weights.Dims.Count != 2 => "its weights are not a matrix",
            "Gemm" when node.Float("alpha", 1) != 1 || node.Float("beta", 1) != 1 => "it scales its operands (alpha or beta is not 1)",
            "Gemm" when node.Int("transA", 0) != 0 => "it transposes its input",
            "Gemm" when node.InputAt(2).Length > 0 && index.Initializer(node.Input[2])!.ElementCount() != ChannelCount(node, weights) => "its bias is not one value a column",
            _ => null,
        };
    }

    private static bool IsSingle(TensorProto tensor) => (TensorProto.Types.DataType)tensor.DataType == TensorProto.Types.DataType.Float;

    /// <summary>The axis of a compute node's weights along which output channels lie.</summary>
    public static int ChannelAxis(NodeProto node) => node.OpType switch
    {
        "Conv" => 0,
        "Gemm" => node.Int("transB", 0) != 0 ? 0 : 1,
        _ => 1,
    };

    /// <summary>The number of output channels of a compute node.</summary>
    public static int ChannelCount(NodeProto node, TensorProto weights) => (int)weights.Dims[ChannelAxis(node)];

    /// <summary>
    /// Whether the node may join the nodes around it: it has an integer kernel, or only moves values. Joining is worth it between two integer
    /// nodes only, where it saves a conversion on either side.
    /// </summary>
    /// <param name="node">The node.</param>
    /// <param name="index">Of its graph.</param>
    /// <param name="operators">Which operators there are. Those with tables are for the main graph alone.</param>
    public static bool CanConnect(NodeProto node, GraphIndex index, ConnectingOperators operators = ConnectingOperators.Standard)
    {
        if (operators == ConnectingOperators.WithTables && index.Outer is null
            && (TableFunction.Of(node, index) is not null || ScaledByChannel(node, index) is not null || PadsWithZeros(node, index) || ConcatenatesZeros(node, index) || Interpolates(node)))
            return true;
        if (!node.IsStandard())
            return false;
        return node.OpType switch
        {
            "Add" => ActivationInputs(node, index).Count() == 2,
            "Concat" => ActivationInputs(node, index).Count() == node.Input.Count,
            "GlobalAveragePool" => true,
            "AveragePool" => node.Int("ceil_mode", 0) == 0,
            // Its zeros are values of a quantized input, but ONNX Runtime does not fuse it.
            "Pad" => false,
            _ => KeepsValues(node),
        };
    }

    /// <summary>Whether the node's results are values of its first input (or lie between them), so that both can share a scale.</summary>
    public static bool KeepsValues(NodeProto node) => node.IsStandard() && node.OpType switch
    {
        "MaxPool" => node.Output.Count == 1,
        "Reshape" or "Transpose" or "Flatten" or "Squeeze" or "Unsqueeze" or "Slice" or "DepthToSpace" => true,
        "Resize" => node.Text("mode", "nearest") is "nearest",
        "Pad" => true,
        _ => false,
    };

    /// <summary>The position of the input of a Mul that has channels and pixels; the other has a factor for each channel: [n, c, ...] by [n, c, 1, ...]. Null for others.</summary>
    public static int? ScaledByChannel(NodeProto node, GraphIndex index)
    {
        if (!node.Is("Mul") || node.Input.Any(input => index.Initializer(input) is not null))
            return null;
        return Scales(1, 0) ? 0 : Scales(0, 1) ? 1 : null;

        bool Scales(int factor, int scaled) =>
            index.Extents(node.Input[factor]) is [var images, > 0 and var channels, .. { Length: > 0 } ones] && ones.All(extent => extent == 1)
            && index.Extents(node.Input[scaled]) is [var scaledImages, var scaledChannels, .. { Length: > 0 } pixels]
            && pixels.Length == ones.Length && scaledChannels == channels && scaledImages == images;
    }

    /// <summary>Whether the node puts constants beside its input that are all zeros, as some exporters widen the channels.</summary>
    public static bool ConcatenatesZeros(NodeProto node, GraphIndex index) =>
        node.Is("Concat") && ActivationInputs(node, index).Any() && node.Input.All(input => index.Initializer(input) is not { } constant || (IsSingle(constant) && !constant.ToFloats().Any(value => value != 0)));

    /// <summary>Whether the node enlarges images by values between theirs.</summary>
    public static bool Interpolates(NodeProto node) =>
        node.Is("Resize") && node.Text("mode", "nearest") == "linear" && node.Int("antialias", 0) == 0 && node.Text("coordinate_transformation_mode", "half_pixel") != "tf_crop_and_resize";

    /// <summary>Whether the node adds zeros around its input, a constant number of them.</summary>
    public static bool PadsWithZeros(NodeProto node, GraphIndex index) =>
        node.Is("Pad") && node.Text("mode", "constant") == "constant" && index.Initializer(node.InputAt(1)) is not null && node.InputAt(3).Length == 0
        && (node.InputAt(2).Length == 0 || index.Scalar(node.Input[2]) == 0);

    /// <summary>The inputs that carry activations: not constants, not shapes or indices.</summary>
    public static IEnumerable<string> ActivationInputs(NodeProto node, GraphIndex index)
    {
        IEnumerable<string> inputs = node.OpType is "Add" or "Concat" or "Mul" or "Sub" or "Div" or "Min" or "Max" ? node.Input : node.Input.Take(1);
        return inputs.Where(input => input.Length > 0 && index.Initializer(input) is null);
    }

    /// <summary>
    /// Whether the node only clamps its input from below at 0 (Relu, or Clip that begins at 0): an unsigned result with zero point 0 clamps by
    /// itself, so that ONNX Runtime drops the node when it follows an integer node directly.
    /// </summary>
    public static bool IsAbsorbed(NodeProto node, GraphIndex index) =>
        node.Is("Relu") || (node.Is("Clip") && index.Scalar(node.InputAt(1)) == 0 && (node.InputAt(2).Length == 0 || index.Scalar(node.InputAt(2)) > 0));
}
