using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Computes on images of few pixels with matrices: a value becomes rows of channels, [batch * pixels, channels], and a Conv a Gemm over the whole batch. As a Conv it is
/// one small product for each image, which reads the weights anew for each. A kernel larger than 1x1 becomes a dense product over all pixels, [batch, pixels * channels], with exactly the
/// weights that fall on the image: on one pixel a 3x3 kernel is its centre, on 2x2 pixels it has 16 of them where it had 9.
/// </summary>
/// <remarks>What works element by element between such Convs stays in that form, so that the values are not reordered between them.</remarks>
public static class SmallImagesToMatrices
{
    private const long MostPixels = 4;
    private const int MostGrowth = 2;
    private const long MostWeights = 1 << 26;

    /// <summary>Returns the rewritten model; the argument is left as it is, and returned itself where nothing changes.</summary>
    public static ModelProto Apply(ModelProto model)
    {
        if (!model.Graph.WithSubgraphs().SelectMany(graph => graph.Node).Any(node => node.Is("Conv")))
            return model;
        bool changed = false;
        ModelProto result = Rewriting.EachGraph(InferShapes.Apply(model), editor =>
        {
            Dictionary<string, string> rows = new(StringComparer.Ordinal);
            foreach (NodeProto node in editor.Graph.Node.ToArray())
                changed |= TryRewrite(node, editor, rows);
        });
        return changed ? RemoveUnused.Apply(result) : model;
    }

    private static bool TryRewrite(NodeProto node, GraphEditor editor, Dictionary<string, string> rows)
    {
        if (!node.IsStandard() || node.Output.Count != 1 || node.Input.Count == 0 || Image(node.Output[0], editor) is not { } output || Image(node.Input[0], editor) is not { } input)
            return false;
        ReplacementNodes nodes = new(node, editor);
        string? y = null;
        if (node.Is("Conv") && ConvolutionShape.Of(node, editor.Index) is { Group: 1 } shape && DenseProduct.Of(shape, input, output) is { } product)
            y = Multiply(node, shape, product, input, output, nodes, rows);
        else if (node.Input.Any(rows.ContainsKey))
            y = Elementwise(node, output, editor, nodes, rows);
        if (y is null)
            return false;
        rows[node.Output[0]] = y;
        // Goes again where nothing else reads the image.
        if (output.Pixels == 1)
        {
            nodes.AddAs(node.Output[0], "Reshape", [y, nodes.Constant("shape", [-1, output.Channels, .. output.Extents])]);
        }
        else
        {
            string last = nodes.Add("Reshape", [y, nodes.Constant("shape", [-1, .. output.Extents, output.Channels])]);
            nodes.AddAs(node.Output[0], "Transpose", [last], Nodes.Attribute("perm", Permutation(output, toLast: false)));
        }
        nodes.Commit();
        return true;
    }

    private static string Multiply(NodeProto node, ConvolutionShape shape, DenseProduct product, SmallImage input, SmallImage output, ReplacementNodes nodes, Dictionary<string, string> rows)
    {
        if (!rows.TryGetValue(node.Input[0], out string? x))
        {
            x = input.Pixels == 1 ? node.Input[0] : nodes.Add("Transpose", [node.Input[0]], Nodes.Attribute("perm", Permutation(input, toLast: true)));
            rows[node.Input[0]] = x = nodes.Add("Reshape", [x, nodes.Constant("shape", -1, input.Channels)]);
        }
        string bias = shape.Bias is null ? "" : nodes.Constant("bias", [shape.Bias.Length * product.OutputPixels], [.. Enumerable.Repeat(shape.Bias, product.OutputPixels).SelectMany(values => values)]);
        if (input.Pixels > 1 && !product.IsPointwise)
            x = nodes.Add("Reshape", [x, nodes.Constant("shape", -1, input.Pixels * input.Channels)]);
        if (product.UsedPixels < input.Pixels && !product.IsPointwise)
            x = nodes.Add("Slice", [x, nodes.Constant("from", product.FirstPixel * input.Channels), nodes.Constant("to", (product.FirstPixel + product.UsedPixels) * input.Channels), nodes.Constant("axis", 1)]);
        string weights = nodes.Constant("matrix", [product.Rows, product.Columns], product.Weights(shape));
        string y = nodes.Add("Gemm", bias.Length > 0 ? [x, weights, bias] : [x, weights], Nodes.Attribute("transB", 1));
        return output.Pixels > 1 && !product.IsPointwise ? nodes.Add("Reshape", [y, nodes.Constant("shape", -1, output.Channels)]) : y;
    }

    /// <summary>A node that works on each channel by itself, on rows; null where it is none such, or an operand has no rows.</summary>
    private static string? Elementwise(NodeProto node, SmallImage output, GraphEditor editor, ReplacementNodes nodes, Dictionary<string, string> rows)
    {
        GraphIndex index = editor.Index;
        switch (node.OpType)
        {
            case "Relu" or "LeakyRelu" or "Sigmoid" or "HardSigmoid" or "HardSwish" or "Tanh":
            case "Clip" when node.Input.Skip(1).All(bound => bound.Length == 0 || index.Scalar(bound) is not null):
                // Directly behind the Gemm: an integer one takes the clamp in.
                return index.Producer(rows[node.Input[0]]) is { } reshape && reshape.Is("Reshape") && index.Producer(reshape.Input[0])?.Is("Gemm") == true
                    ? nodes.Add("Reshape", [nodes.AddLike([reshape.Input[0], .. node.Input.Skip(1)]), reshape.Input[1]])
                    : nodes.AddLike([rows[node.Input[0]], .. node.Input.Skip(1)]);
            case "BatchNormalization" when ChannelAffine.OfBatchNormalization(node, index) is not null:
                return nodes.AddLike([rows[node.Input[0]], .. node.Input.Skip(1)]);
            case "GlobalAveragePool" when Image(node.Input[0], editor)!.Pixels == 1:
                return rows[node.Input[0]];
            case "Add" or "Mul" or "Sub" or "Div" when node.Input.All(rows.ContainsKey) && node.Input.All(value => Image(value, editor) == output):
                return nodes.AddLike([.. node.Input.Select(value => rows[value])]);
            case "Conv" when ConvolutionShape.Of(node, index) is { IsDepthwise: true, IsPointwise: true }:
                string x = nodes.Add("Reshape", [rows[node.Input[0]], nodes.Constant("shape", [-1, output.Channels, .. output.Extents.Select(_ => 1L)])]);
                return nodes.Add("Reshape", [nodes.AddLike([x, .. node.Input.Skip(1)]), nodes.Constant("shape", -1, output.Channels)]);
            default:
                return null;
        }
    }

    private static long[] Permutation(SmallImage image, bool toLast)
    {
        long[] axes = [.. Enumerable.Range(2, image.Extents.Length).Select(axis => (long)axis)];
        return toLast ? [0, .. axes, 1] : [0, axes.Length + 1, .. axes.Select(axis => axis - 1)];
    }

    private static SmallImage? Image(string value, GraphEditor editor) =>
        editor.ShapeOf(value) is [_, > 0 and var channels, .. { Length: > 0 } extents] && extents.All(extent => extent > 0) && editor.ElementTypeOf(value) == TensorProto.Types.DataType.Float
        && editor.Index.Initializer(value) is null && extents.Aggregate(1L, (product, extent) => product * extent) <= MostPixels ? new SmallImage(channels, extents) : null;

    private sealed record SmallImage(long Channels, long[] Extents)
    {
        public long Pixels => Extents.Aggregate(1L, (product, extent) => product * extent);

        public bool Equals(SmallImage? other) => other is not null && Channels == other.Channels && Extents.SequenceEqual(other.Extents);

        public override int GetHashCode() => HashCode.Combine(Channels, Pixels);
    }

    /// <summary>A Conv as one matrix: [output pixels * output channels] x [the used input pixels * input channels].</summary>
    private sealed record DenseProduct(int[,] Taps, int FirstPixel, int UsedPixels, bool IsPointwise, long Rows, long Columns)
    {
        public int OutputPixels => IsPointwise ? 1 : Taps.GetLength(0);

        /// <summary>Null where the matrix would be too large.</summary>
        public static DenseProduct? Of(ConvolutionShape shape, SmallImage input, SmallImage output)
        {
            if (shape.IsPointwise)
                return new DenseProduct(new int[1, 1], 0, 1, true, shape.First, shape.Second);
            int[,] taps = new int[output.Pixels, input.Pixels];
            for (int to = 0; to < output.Pixels; to++)
                for (int from = 0; from < input.Pixels; from++)
                    taps[to, from] = Tap(shape, Place(to, output), Place(from, input));
            int[] used = [.. Enumerable.Range(0, (int)input.Pixels).Where(from => Enumerable.Range(0, (int)output.Pixels).Any(to => taps[to, from] >= 0))];
            if (used.Length == 0)
                return null;
            int pixels = used[^1] - used[0] + 1;
            long rows = output.Pixels * shape.First, columns = pixels * shape.Second;
            return output.Pixels * pixels <= MostGrowth * shape.Kernel.Aggregate(1L, (product, extent) => product * extent) && rows * columns <= MostWeights
                ? new DenseProduct(taps, used[0], pixels, false, rows, columns)
                : null;
        }

        public float[] Weights(ConvolutionShape shape)
        {
            ReadOnlySpan<float> values = shape.Weights.AsFloats();
            float[] weights = new float[Rows * Columns];
            int outputs = shape.First, inputs = shape.Second, kernel = (int)shape.Kernel.Aggregate(1L, (product, extent) => product * extent), position = 0;
            for (int to = 0; to < Taps.GetLength(0); to++)
                for (int output = 0; output < outputs; output++)
                    for (int from = FirstPixel; from < FirstPixel + UsedPixels; from++)
                        for (int input = 0; input < inputs; input++, position++)
                            if (Taps[to, from] is >= 0 and var tap)
                                weights[position] = values[(output * inputs + input) * kernel + tap];
            return weights;
        }

        // Which of the kernel's places joins two pixels; -1 where none does.
        private static int Tap(ConvolutionShape shape, long[] to, long[] from)
        {
            long tap = 0;
            for (int axis = 0; axis < to.Length; axis++)
            {
                long distance = from[axis] + shape.Begins[axis] - to[axis] * shape.Strides[axis];
                if (distance < 0 || distance % shape.Dilations[axis] != 0 || distance / shape.Dilations[axis] >= shape.Kernel[axis])
                    return -1;
                tap = tap * shape.Kernel[axis] + distance / shape.Dilations[axis];
            }
            return (int)tap;
        }

        private static long[] Place(long pixel, SmallImage image)
        {
            long[] place = new long[image.Extents.Length];
            for (int axis = place.Length - 1; axis >= 0; axis--)
                (pixel, place[axis]) = (pixel / image.Extents[axis], pixel % image.Extents[axis]);
            return place;
        }
    }
}
