using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Folds y = x * scale[c] + shift[c] into the weights and bias of the node before or behind it (Jacob et al. 2018, 3.2). Constants get new
/// names: the old ones may serve other nodes too.
/// </summary>
internal static class AffineFolding
{
    /// <summary>
    /// Folds a node into the one that computes its input, where that has no other reader: the weights of output channel c are multiplied by scale[c],
    /// the bias becomes bias * scale[c] + shift[c].
    /// </summary>
    /// <returns>Whether the node is gone.</returns>
    public static bool TryFoldBack(NodeProto node, ChannelAffine affine, GraphEditor editor)
    {
        GraphIndex index = editor.Index;
        if (index.Producer(affine.Input) is not { } compute || !ReferenceEquals(index.SoleConsumer(affine.Input), node)
            || Weights(compute, index) is not { } weights
            || ChannelLayout.Of(compute, weights) is not { } layout
            || layout.Elements != weights.ElementCount()
            || affine.For(layout.Channels) is not { } spread
            || !TryReadBias(compute, layout.Channels, index, out double[]? bias)
            || (compute.Is("MatMul") && !spread.OnlyScales))
            return false;

        double[]? shifted = bias is null && spread.OnlyScales ? null : [.. spread.Shift.Select((shift, channel) => (bias?[channel] ?? 0) * spread.Scale[channel] + shift)];
        editor.Remove(node);
        SetConstants(compute, weights, values => layout.Scale(values, spread.Scale), shifted, editor);
        editor.Change(compute, changed => changed.Output[0] = node.Output[0]);
        return true;
    }

    /// <summary>
    /// Folds a node into every Conv and Gemm that reads its result, if nothing else does: weights of input channel c are multiplied by scale[c], and
    /// the bias gains the weighted sum of the shifts. A shift must not reach padding, whose zeros it would not touch.
    /// </summary>
    /// <returns>Whether the node is gone.</returns>
    public static bool TryFoldForward(NodeProto node, ChannelAffine affine, GraphEditor editor)
    {
        GraphIndex index = editor.Index;
        string value = node.Output[0];
        NodeProto[] readers = [.. index.Consumers(value)];
        if (readers.Length == 0 || index.IsOutput(value) || !readers.All(reader => CanTake(reader, value, affine, index)))
            return false;

        foreach (NodeProto reader in readers)
        {
            Take(reader, affine, editor);
            editor.Change(reader, changed => changed.Input[0] = affine.Input);
        }
        editor.Remove(node);
        return true;
    }

    /// <summary>Gives a Conv or Gemm that can take it (<see cref="CanTake"/>) the weights and bias that make of x what it has made of x * scale[c] + shift[c].</summary>
    public static void Take(NodeProto reader, ChannelAffine affine, GraphEditor editor)
    {
        TensorProto weights = Weights(reader, editor.Index)!;
        InputChannels channels = InputChannels.Of(reader, weights);
        ChannelAffine spread = affine.For(channels.Count)!;
        TryReadBias(reader, channels.Outputs, editor.Index, out double[]? bias);
        double[]? shifted = bias;
        if (!spread.OnlyScales)
        {
            shifted = bias ?? new double[channels.Outputs];
            channels.AddWeighted(weights.ToFloats(), spread.Shift, shifted);
        }
        SetConstants(reader, weights, values => ChannelLayout.OfInputs(reader, weights)!.Scale(values, spread.Scale), shifted, editor);
    }

    /// <summary>Whether a constant can be added to each of a Conv's output channels.</summary>
    public static bool CanShift(NodeProto compute, int channels, GraphIndex index) =>
        compute.Is("Conv") && Weights(compute, index) is { } weights && weights.Dims[0] == channels && TryReadBias(compute, channels, index, out _);

    /// <summary>Adds a constant to each of a Conv's output channels (<see cref="CanShift"/>).</summary>
    public static void Shift(NodeProto compute, ReadOnlySpan<double> shift, GraphEditor editor)
    {
        TryReadBias(compute, shift.Length, editor.Index, out double[]? bias);
        double[] sums = bias ?? new double[shift.Length];
        for (int channel = 0; channel < sums.Length; channel++)
            sums[channel] += shift[channel];
        SetConstants(compute, Weights(compute, editor.Index)!, _ => { }, sums, editor);
    }

    /// <summary>Whether a reader of a value can take a scale and a shift of it into its weights and bias.</summary>
    public static bool CanTake(NodeProto reader, string value, ChannelAffine affine, GraphIndex index)
    {
        if (!reader.Is("Conv") && !(reader.Is("Gemm") && reader.Int("transA", 0) == 0))
            return false;
        return reader.Input[0] == value && reader.Input.Count(input => input == value) == 1
            && Weights(reader, index) is { } weights
            && ChannelLayout.Of(reader, weights) is not null && ChannelLayout.OfInputs(reader, weights) is not null
            && InputChannels.Of(reader, weights) is var channels
            && affine.For(channels.Count) is { } spread
            && TryReadBias(reader, channels.Outputs, index, out _)
            && (spread.OnlyScales || reader.Is("Gemm") || HasNoPadding(reader));
    }

    private static bool HasNoPadding(NodeProto conv) =>
        conv.Text("auto_pad", "NOTSET") is "NOTSET" or "VALID" && (conv.Ints("pads")?.All(pad => pad == 0) ?? true);

    private static TensorProto? Weights(NodeProto compute, GraphIndex index) =>
        index.Initializer(compute.InputAt(1)) is { } weights && weights.DataType == (int)TensorProto.Types.DataType.Float ? weights : null;

    /// <summary>Reads the bias, one number a channel; null where there is none. False where it is no such constant.</summary>
    private static bool TryReadBias(NodeProto compute, long channels, GraphIndex index, out double[]? bias)
    {
        bias = null;
        if (compute.InputAt(2).Length == 0)
            return true;
        int rank = compute.Is("Gemm") ? 2 : 1;
        if (index.Initializer(compute.Input[2]) is not { } tensor || tensor.DataType != (int)TensorProto.Types.DataType.Float || !ChannelAffine.LiesAlong(tensor, rank, rank - 1))
            return false;
        float[] values = tensor.ToFloats();
        if (values.Length != channels && values.Length != 1)
            return false;
        bias = [.. Enumerable.Range(0, (int)channels).Select(channel => (double)values[values.Length == 1 ? 0 : channel])];
        return true;
    }

    private static void SetConstants(NodeProto compute, TensorProto weights, FloatFiller scale, double[]? bias, GraphEditor editor)
    {
        string weightsName = editor.Add(Tensors.CreateFloat(editor.Names.Fresh($"{weights.Name}_folded"), weights.Dims, weights.ElementCount(), values =>
        {
            weights.CopyFloatsTo(values);
            scale(values);
        }));
        string? biasName = bias is null ? null : editor.Add(Tensors.Create(editor.Names.Fresh($"{weights.Name}_folded_bias"), [bias.Length], [.. bias.Select(value => (float)value)]));
        editor.Change(compute, changed =>
        {
            changed.Input[1] = weightsName;
            if (biasName is null)
                return;
            if (changed.Input.Count > 2)
                changed.Input[2] = biasName;
            else
                changed.Input.Add(biasName);
        });
    }
}
