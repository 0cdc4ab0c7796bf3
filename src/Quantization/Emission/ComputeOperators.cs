using System.Runtime.InteropServices;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Emission;

/// <summary>Writes Conv, Gemm and MatMul as integer operators, each under the name of the node that it stands for: profiles go by name.</summary>
/// <param name="values">The values that they read and compute.</param>
/// <param name="weights">Their weights.</param>
/// <param name="connects">Whether a node between them becomes integer.</param>
/// <param name="images">The number of images of a run where the graph does not tell it; null where its extents cannot be relied on.</param>
internal sealed class ComputeOperators(IntegerValues values, IntegerWeights weights, Func<NodeProto, bool> connects, int? images)
{
    // Above, the product of one image is large enough by itself.
    private const long SmallImage = 256;

    /// <summary>Writes a node.</summary>
    /// <param name="node">A Conv, Gemm or MatMul.</param>
    /// <param name="result">The value to compute as bytes; null for a Gemm that gives floats.</param>
    public void Write(NodeProto node, string? result)
    {
        (StoredIntegers integers, StoredIntegers? bias) = weights.Of(node, values.Index, values.Parameters(node.Input[0]).Scale);
        string[] operands = [integers.Values, integers.Scale, integers.ZeroPoint];
        switch (node.OpType)
        {
            case "Conv":
                WriteConv(node, result!, operands, bias?.Values);
                break;
            case "Gemm":
                string[] factors = [.. values.Operands(node.Input[0], last: false), .. operands, bias?.Values ?? "", .. result is null ? [] : values.ParameterOperands(result)];
                values.Write(values.Contrib("QGemm", node.Name, factors, result is null ? node.Output[0] : values.Computed(result, last: false), Nodes.Attribute("transB", node.Int("transB", 0))));
                break;
            default:
                string[] product = [.. values.Operands(node.Input[0], last: false), .. operands, .. values.ParameterOperands(result!)];
                values.Write(Nodes.Create("QLinearMatMul", node.Name, product, [values.Computed(result!, last: false)]));
                break;
        }
    }

    private void WriteConv(NodeProto node, string result, string[] operands, string? bias)
    {
        TensorProto floats = values.Index.Initializer(node.Input[1])!;
        values.SetRank(node.Input[0], floats.Dims.Count);
        values.SetRank(result, floats.Dims.Count);
        if (values.CustomOperators && IsDepthwise(node, floats))
        {
            TableChain? chain = TableChain.Behind(result, values.Index, connects);
            string last = chain?.Result ?? result;
            values.SetRank(last, floats.Dims.Count);
            string[] inputs = [values.Last(node.Input[0]), operands[0], operands[1], .. (bias, chain) is (null, null) ? Array.Empty<string>() : [bias ?? ""], .. chain is null ? Array.Empty<string>() : [values.Table(chain, result)]];
            values.Write(values.Octet("QuantizedDepthwiseConv", node.Name, inputs, values.Computed(last, last: true),
                [.. node.Attribute.Where(attribute => attribute.Name is "kernel_shape" or "pads" or "strides" or "dilations"), .. values.Quantization("x_", node.Input[0]), .. values.Quantization("y_", result)]));
            return;
        }
        long imagesHere = images is null ? 0 : values.Index.Extents(node.Input[0]) is [{ } known, ..] ? known : images.Value;
        if (imagesHere > 0 && DenseConvolution.Of(node, floats, values.Index, imagesHere) is { } dense)
        {
            WriteDense(node, result, dense, floats, operands, bias);
            return;
        }
        if (images is not null && FoldedColumns.Of(node, floats, values.Index) is { } folded)
        {
            WriteFolded(node, result, folded, floats, operands, bias);
            return;
        }
        string[] biases = bias is null ? [] : [bias];
        if (imagesHere > 1 && IsPointwise(node, floats) && values.Index.Extents(node.Input[0]) is [_, _, { } height, { } width] && height * width <= SmallImage)
        {
            string product = values.Write(values.Contrib("QLinearConv", node.Name,
                [values.Rows(node.Input[0], width, floats.Dims[1]), .. values.ParameterOperands(node.Input[0]), .. operands, .. values.ParameterOperands(result), .. biases],
                values.Fresh($"{result}_rows"), Nodes.Attribute("channels_last", 1)));
            values.ComputedRows(result, product, height, width, floats.Dims[0]);
            return;
        }
        values.Write(values.Contrib("QLinearConv", node.Name, [.. values.Operands(node.Input[0], last: true), .. operands, .. values.ParameterOperands(result), .. biases],
            values.Computed(result, last: true), [.. node.Attribute, Nodes.Attribute("channels_last", 1)]));
    }

    private void WriteDense(NodeProto node, string result, DenseConvolution dense, TensorProto floats, string[] operands, string? bias)
    {
        int pixels = dense.ResultHeight * dense.ResultWidth, outputs = (int)floats.Dims[0];
        long columns = (long)dense.Height * dense.Width * floats.Dims[1];
        (string[] matrix, string[] biases) = Spread(node, "dense", [pixels * outputs, columns, 1, 1], weights => dense.Spread(node, weights, floats.Dims), pixels, operands, bias);
        string rows = values.Reshape(values.Fresh($"{node.Name}_rows"), values.Flat(node.Input[0]), [1, -1, 1, columns], values.Fresh($"{node.Input[0]}_rows"));
        string product = values.Write(values.Contrib("QLinearConv", node.Name, [rows, .. values.ParameterOperands(node.Input[0]), .. matrix, .. values.ParameterOperands(result), .. biases],
            values.Fresh($"{result}_rows"), Nodes.Attribute("channels_last", 1)));
        values.ComputedFlat(result, product, dense.ResultHeight, dense.ResultWidth, outputs);
    }

    private void WriteFolded(NodeProto node, string result, FoldedColumns folded, TensorProto floats, string[] operands, string? bias)
    {
        long outputs = floats.Dims[0], channels = folded.Columns * floats.Dims[1];
        (string[] filters, string[] biases) = Spread(
            node, "folded", [folded.Results * outputs, channels, floats.Dims[2], folded.KernelWidth], weights => folded.Spread(node, weights, floats.Dims), folded.Results, operands, bias);
        // The images and their rows stay as they are.
        string input = values.Reshape(values.Fresh($"{node.Name}_fold"), values.Last(node.Input[0]), [0, 0, folded.Width, channels], values.Fresh($"{node.Input[0]}_folded"));
        string output = values.Write(values.Contrib("QLinearConv", node.Name, [input, .. values.ParameterOperands(node.Input[0]), .. filters, .. values.ParameterOperands(result), .. biases],
            values.Fresh($"{result}_folded"), folded.Attributes(node, floats.Dims)));
        values.Reshape(values.Fresh($"{node.Name}_unfold"), output, [0, 0, folded.Width * folded.Results, outputs], values.Computed(result, last: true));
    }

    /// <summary>Weights in another arrangement, with scales, zero points and biases for as many sets of results: operands of the operator, and its bias.</summary>
    private (string[] Weights, string[] Biases) Spread(NodeProto node, string how, long[] dims, SpreadWeights spread, int sets, string[] operands, string? bias)
    {
        string name = $"{node.Input[1]}_{how}";
        int outputs = (int)dims[0];
        string[] weights =
        [
            values.Add(Tensors.Create(values.Fresh($"{name}_quantized"), dims, spread(MemoryMarshal.Cast<byte, sbyte>(values.Constant(operands[0]).ToBytes().Span)))),
            values.Add(Tensors.Create(values.Fresh($"{name}_scale"), [outputs], Repeat(values.Constant(operands[1]).ToFloats(), sets))),
            values.Add(Tensors.Create(values.Fresh($"{name}_zero_point"), [outputs], new sbyte[outputs])),
        ];
        return (weights, bias is null ? [] : [values.Add(Tensors.Create(values.Fresh($"{name}_bias"), [outputs], Repeat<int>(MemoryMarshal.Cast<byte, int>(values.Constant(bias).ToBytes().Span).ToArray(), sets)))]);
    }

    private delegate sbyte[] SpreadWeights(ReadOnlySpan<sbyte> weights);

    private static T[] Repeat<T>(T[] list, int times) => [.. Enumerable.Repeat(list, times).SelectMany(entries => entries)];

    /// <summary>Whether each pixel of the result comes from the same pixel of the input alone.</summary>
    private static bool IsPointwise(NodeProto node, TensorProto weights) =>
        weights.Dims is [_, _, 1, 1] && node.Int("group", 1) == 1 && (node.Ints("strides") ?? []).All(stride => stride == 1) && (node.Ints("pads") ?? []).All(pad => pad == 0);

    /// <summary>Whether each channel has a filter of its own, in two dimensions, with padding in numbers.</summary>
    private static bool IsDepthwise(NodeProto node, TensorProto weights) =>
        weights.Dims is [var outputs, 1, _, _] && outputs > 1 && node.Int("group", 1) == outputs && node.Text("auto_pad", "NOTSET") is "NOTSET" or "VALID" or "";

    /// <summary>Writes a MatMul that gives floats.</summary>
    public NodeProto ProductToFloat(NodeProto node)
    {
        string[] input = values.Operands(node.Input[0], last: false);
        NodeProto product = weights.ProductToFloat(node, values.Index, new StoredIntegers(input[0], input[1], input[2]));
        values.Write(product);
        return product;
    }
}
