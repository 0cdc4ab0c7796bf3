using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Emission;

/// <summary>
/// Writes weights in blocks: matrix products as MatMulNBits, look-ups in embedding tables as GatherBlockQuantized
/// (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md). MatMulNBits takes any inner extent, any number of columns and inputs of
/// any rank; GatherBlockQuantized takes 8-bit storage along axis 0 alone.
/// </summary>
internal sealed class WeightOnlyEmitter : NodeEmitter
{
    private readonly int _bits;
    private readonly Dictionary<object, string[]> _quantized = [];

    private WeightOnlyEmitter(ModelProto model, NodePlan plan, int bits)
        : base(model, plan) => _bits = bits;

    /// <summary>Rewrites a model.</summary>
    /// <param name="model">The model; it is changed.</param>
    /// <param name="plan">The plan that was made for it.</param>
    /// <param name="bits">8 or 4.</param>
    public static ModelProto Emit(ModelProto model, NodePlan plan, int bits) => new WeightOnlyEmitter(model, plan, bits).Rewrite();

    /// <inheritdoc/>
    protected override IEnumerable<NodeProto> Replace(NodeProto node, ConstantScope constants) =>
        node.Is("Gather") ? [ReplaceLookUp(node, constants)] : ReplaceProduct(node, constants);

    private List<NodeProto> ReplaceProduct(NodeProto node, ConstantScope constants)
    {
        MatrixProduct product = MatrixProduct.Read(node, constants);
        if (!_quantized.TryGetValue(product.WeightsKey, out string[]? weights))
        {
            BlockQuantizedWeights quantized = BlockQuantizedWeights.Quantize(product.WeightsByColumn(), product.Columns, product.Inner, _bits, WeightOnlyQuantization.BlockSize);
            long[] shape = [product.Columns, quantized.Blocks, WeightOnlyQuantization.BlockSize * _bits / 8];
            _quantized[product.WeightsKey] = weights = Add(node.Input[1], constants, quantized, shape, quantized.PackBlocks());
        }

        AttributeProto[] attributes =
        [
            Nodes.Attribute("K", product.Inner), Nodes.Attribute("N", product.Columns), Nodes.Attribute("bits", _bits),
            Nodes.Attribute("block_size", WeightOnlyQuantization.BlockSize), Nodes.Attribute("accuracy_level", WeightOnlyQuantization.AccuracyLevel),
        ];
        if (node.InputAt(2).Length == 0)
            return [CreateContrib("MatMulNBits", node, [node.Input[0], .. weights], node.Output, attributes)];

        if (product.Bias is { } bias && bias.ElementCount() == product.Columns && bias.Dims[^1] == product.Columns)
        {
            TensorProto flat = product.ScaledBias(Names.Fresh($"{node.Input[2]}_row"));
            flat.Dims.Clear();
            flat.Dims.Add(product.Columns);
            AddInsteadOf(node.Input[2], constants, flat);
            string zeroPoints = weights.Length > 2 ? weights[2] : "";
            return [CreateContrib("MatMulNBits", node, [node.Input[0], weights[0], weights[1], zeroPoints, "", flat.Name], node.Output, attributes)];
        }

        string term = node.Input[2];
        if (product.Bias is not null && node.Float("beta", 1) != 1)
        {
            TensorProto scaled = product.ScaledBias(Names.Fresh($"{term}_scaled"));
            AddInsteadOf(term, constants, scaled);
            term = scaled.Name;
        }
        string result = Names.Fresh($"{node.Output[0]}_product");
        return
        [
            CreateContrib("MatMulNBits", node, [node.Input[0], .. weights], [result], attributes),
            Nodes.Create("Add", Names.Fresh($"{node.DisplayName()}_Add"), [result, term], node.Output),
        ];
    }

    private NodeProto ReplaceLookUp(NodeProto node, ConstantScope constants)
    {
        TensorProto table = constants.Find(node.Input[0])!;
        object key = MatrixProduct.KeyOf(table);
        (int rows, int columns) = ((int)table.Dims[0], (int)table.Dims[1]);
        if (!_quantized.TryGetValue(key, out string[]? names))
        {
            BlockQuantizedWeights quantized = BlockQuantizedWeights.Quantize(table.ToFloats(), rows, columns, _bits, WeightOnlyQuantization.BlockSize);
            _quantized[key] = names = Add(node.Input[0], constants, quantized, [rows, columns * _bits / 8], quantized.PackRows());
        }
        return CreateContrib("GatherBlockQuantized", node, [names[0], node.Input[1], .. names.Skip(1)], node.Output, Nodes.Attribute("gather_axis", 0), Nodes.Attribute("quantize_axis", 1),
            Nodes.Attribute("block_size", WeightOnlyQuantization.BlockSize), Nodes.Attribute("bits", _bits));
    }

    private string[] Add(string constant, ConstantScope constants, BlockQuantizedWeights quantized, long[] shape, byte[] packed)
    {
        List<TensorProto> tensors =
        [
            Tensors.Create(Names.Fresh($"{constant}_quantized"), shape, packed),
            Tensors.Create(Names.Fresh($"{constant}_scale"), [quantized.Rows, quantized.Blocks], quantized.Scales),
        ];
        if (quantized.ZeroPoints is not null)
        {
            byte[] zeroPoints = quantized.PackZeroPoints();
            tensors.Add(Tensors.Create(Names.Fresh($"{constant}_zero_point"), [quantized.Rows, zeroPoints.Length / quantized.Rows], zeroPoints));
        }
        AddInsteadOf(constant, constants, [.. tensors]);
        return [.. tensors.Select(tensor => tensor.Name)];
    }
}
