using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Emission;

/// <summary>
/// Writes quantization at run time: 8-bit weights per output channel, activations by the range they have in each run.
/// </summary>
/// <remarks>
/// A matrix product becomes DynamicQuantizeLinear, MatMulInteger, Cast, two Mul, and Add for a bias. ONNX Runtime fuses these into
/// DynamicQuantizeMatMul, or into one DynamicQuantizeLinear with several MatMulIntegerToFloat where products share their input, with per-channel scales,
/// inputs of any rank, and the bias on either side of its Add.
/// </remarks>
internal sealed class DynamicEmitter : NodeEmitter
{
    private readonly int _weightLimit;
    private readonly Dictionary<(GraphProto Graph, string Input), (string Values, string Scale, string ZeroPoint)> _quantizedInputs = new(GraphAndName.Instance);
    private readonly Dictionary<object, (string Values, string Scales)> _quantizedWeights = [];

    private DynamicEmitter(ModelProto model, NodePlan plan, int weightLimit)
        : base(model, plan) => _weightLimit = weightLimit;

    /// <summary>Rewrites a model.</summary>
    /// <param name="model">The model; it is changed.</param>
    /// <param name="plan">The plan that was made for it.</param>
    /// <param name="weightLimit">Largest magnitude of a weight: 127 (8 bits) or 63 (7 bits).</param>
    public static ModelProto Emit(ModelProto model, NodePlan plan, int weightLimit) => new DynamicEmitter(model, plan, weightLimit).Rewrite();

    /// <inheritdoc/>
    protected override IEnumerable<NodeProto> Replace(NodeProto node, ConstantScope constants) => node.OpType switch
    {
        "LSTM" => ReplaceLstm(node, constants),
        "Attention" => ReplaceAttention(node, constants),
        _ => ReplaceProduct(node, constants),
    };

    private List<NodeProto> ReplaceProduct(NodeProto node, ConstantScope constants)
    {
        MatrixProduct product = MatrixProduct.Read(node, constants);
        (string weights, string scales) = Weights(node, constants, product.WeightsKey, () => (product.WeightsByColumn(), product.Inner, product.Columns));
        List<NodeProto> nodes = [];
        (string values, string scale, string zeroPoint) = QuantizeInput(node.Input[0], constants.Graph, nodes);

        string Append(string op, IEnumerable<string> inputs, params AttributeProto[] attributes)
        {
            string result = Names.Fresh($"{node.Output[0]}_{op}");
            nodes.Add(Nodes.Create(op, Names.Fresh($"{node.DisplayName()}_{op}"), inputs, [result], attributes));
            return result;
        }

        string sums = Append("Cast", [Append("MatMulInteger", [values, weights, zeroPoint])], Nodes.Attribute("to", (long)DataType.Float));
        string result = Append("Mul", [sums, Append("Mul", [scale, scales])]);
        if (node.InputAt(2).Length > 0)
            result = Append("Add", [result, Bias(node, product, constants)]);
        nodes[^1].Output[0] = node.Output[0];
        return nodes;
    }

    private string Bias(NodeProto node, MatrixProduct product, ConstantScope constants)
    {
        if (product.Bias is null || node.Float("beta", 1) == 1)
            return node.Input[2];
        TensorProto scaled = product.ScaledBias(Names.Fresh($"{node.Input[2]}_scaled"));
        AddInsteadOf(node.Input[2], constants, scaled);
        return scaled.Name;
    }

    // https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftdynamicquantizelstm: the weights lie transposed.
    private NodeProto[] ReplaceLstm(NodeProto node, ConstantScope constants)
    {
        (string weights, string scales, string zeroPoints) = LstmWeights(node, 1, constants);
        (string recurrence, string recurrenceScales, string recurrenceZeroPoints) = LstmWeights(node, 2, constants);
        NodeProto quantized = CreateContrib(
            "DynamicQuantizeLSTM",
            node,
            [node.Input[0], weights, recurrence, .. Enumerable.Range(3, 5).Select(node.InputAt), scales, zeroPoints, recurrenceScales, recurrenceZeroPoints],
            node.Output,
            [.. node.Attribute.Where(attribute => attribute.Name != "layout")]);
        if (quantized.Attribute("hidden_size") is null)
            quantized.Attribute.Add(Nodes.Attribute("hidden_size", constants.Find(node.Input[2])!.Dims[2]));
        return [quantized];
    }

    private (string Values, string Scales, string ZeroPoints) LstmWeights(NodeProto node, int input, ConstantScope constants)
    {
        TensorProto tensor = constants.Find(node.Input[input])!;
        (int directions, int rows, int columns) = ((int)tensor.Dims[0], (int)tensor.Dims[1], (int)tensor.Dims[2]);
        QuantizedWeights quantized = QuantizedWeights.Quantize(tensor.ToFloats(), [directions * rows, columns], 0, _weightLimit);
        sbyte[] transposed = new sbyte[quantized.Values.Length];
        for (int direction = 0; direction < directions; direction++)
        {
            int start = direction * rows * columns;
            MatrixProduct.Transpose<sbyte>(quantized.Values.AsSpan(start, rows * columns), rows, columns).CopyTo(transposed, start);
        }
        TensorProto values = Tensors.Create(Names.Fresh($"{tensor.Name}_quantized"), [directions, columns, rows], transposed);
        TensorProto scales = Tensors.Create(Names.Fresh($"{tensor.Name}_scale"), [directions, rows], quantized.Scales);
        TensorProto zeroPoints = Tensors.Create(Names.Fresh($"{tensor.Name}_zero_point"), [directions, rows], new sbyte[directions * rows]);
        AddInsteadOf(node.Input[input], constants, values, scales, zeroPoints);
        return (values.Name, scales.Name, zeroPoints.Name);
    }

    private List<NodeProto> ReplaceAttention(NodeProto node, ConstantScope constants)
    {
        TensorProto tensor = constants.Find(node.Input[1])!;
        (int inner, int columns) = ((int)tensor.Dims[0], (int)tensor.Dims[1]);
        (string weights, string scales) = Weights(node, constants, MatrixProduct.KeyOf(tensor),
            () => (MatrixProduct.Transpose<float>(tensor.ToFloats(), inner, columns), inner, columns));
        TensorProto weightZeroPoint = Tensors.Create(Names.Fresh($"{tensor.Name}_zero_point"), [columns], new sbyte[columns]);
        AddInsteadOf(node.Input[1], constants, weightZeroPoint);
        List<NodeProto> nodes = [];
        (string values, string scale, string zeroPoint) = QuantizeInput(node.Input[0], constants.Graph, nodes);
        nodes.Add(CreateContrib("QAttention", node, [values, weights, node.Input[2], scale, scales, node.InputAt(3), zeroPoint, weightZeroPoint.Name], [node.Output[0]], [.. node.Attribute]));
        return nodes;
    }

    private (string Values, string Scale, string ZeroPoint) QuantizeInput(string input, GraphProto graph, List<NodeProto> nodes)
    {
        if (!_quantizedInputs.TryGetValue((graph, input), out (string Values, string Scale, string ZeroPoint) names))
        {
            _quantizedInputs[(graph, input)] = names = (Names.Fresh($"{input}_quantized"), Names.Fresh($"{input}_scale"), Names.Fresh($"{input}_zero_point"));
            nodes.Add(Nodes.Create("DynamicQuantizeLinear", Names.Fresh($"{input}_DynamicQuantizeLinear"), [input], [names.Values, names.Scale, names.ZeroPoint]));
        }
        return names;
    }

    private (string Values, string Scales) Weights(NodeProto node, ConstantScope constants, object key, Func<(float[] ByColumn, int Inner, int Columns)> read)
    {
        if (_quantizedWeights.TryGetValue(key, out (string Values, string Scales) names))
            return names;

        string constant = node.Input[1];
        (float[] byColumn, int inner, int columns) = read();
        QuantizedWeights quantized = QuantizedWeights.Quantize(byColumn, [columns, inner], 0, _weightLimit);
        TensorProto values = Tensors.Create(Names.Fresh($"{constant}_quantized"), [inner, columns], MatrixProduct.Transpose<sbyte>(quantized.Values, columns, inner));
        TensorProto scales = Tensors.Create(Names.Fresh($"{constant}_scale"), [columns], quantized.Scales);
        AddInsteadOf(constant, constants, values, scales);
        return _quantizedWeights[key] = (values.Name, scales.Name);
    }

    private sealed class GraphAndName : IEqualityComparer<(GraphProto Graph, string Input)>
    {
        public static GraphAndName Instance { get; } = new();

        public bool Equals((GraphProto Graph, string Input) x, (GraphProto Graph, string Input) y) => ReferenceEquals(x.Graph, y.Graph) && x.Input == y.Input;

        public int GetHashCode((GraphProto Graph, string Input) pair) => StringComparer.Ordinal.GetHashCode(pair.Input);
    }
}
