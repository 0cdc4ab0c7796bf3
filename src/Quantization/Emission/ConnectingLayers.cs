using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Emission;

/// <summary>Writes what stands between integer compute nodes as integer operators.</summary>
/// <param name="values">The values that they read and compute.</param>
/// <param name="connects">Whether a node is one of them.</param>
internal sealed class ConnectingLayers(IntegerValues values, Func<NodeProto, bool> connects)
{
    /// <summary>Writes a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="result">Its result, behind a clamp that it absorbs.</param>
    /// <returns>Whether there is an integer operator for it.</returns>
    public bool Write(NodeProto node, string result)
    {
        if (values.CustomOperators && TableChain.From(node, values.Index, connects) is { } chain)
        {
            WriteTable(node, chain);
            return true;
        }
        return node.OpType switch
        {
            "Add" => WriteSum(node, result),
            "Mul" => WriteChannelScale(node, result),
            "Concat" => WriteConcat(node, result),
            "GlobalAveragePool" or "AveragePool" => WriteAveragePool(node, result),
            "Resize" when OperatorTraits.Interpolates(node) => WriteInterpolation(node, result),
            _ => OperatorTraits.KeepsValues(node) && WriteMoving(node, result),
        };
    }

    private void WriteTable(NodeProto node, TableChain chain)
    {
        string input = TableFunction.Of(node, values.Index)!.Input;
        bool last = values.IsLast(input);
        values.SetRank(chain.Result, values.Rank(input));
        values.Write(values.Octet("LookupTable", node.Name, [last ? values.Last(input) : values.First(input), values.Table(chain, input)], values.Computed(chain.Result, last)));
    }

    private bool WriteSum(NodeProto node, string result)
    {
        bool last = CanBeLast(node.Input);
        int? rank = values.Rank(node.Input[0]);
        values.SetRank(result, rank);
        if (values.CustomOperators && HaveOneShape(node.Input[0], node.Input[1]))
        {
            TableChain? chain = TableChain.Behind(result, values.Index, connects);
            string taken = chain?.Result ?? result;
            values.SetRank(taken, rank);
            string[] summands = [.. node.Input.Select(summand => last ? values.Last(summand) : values.First(summand)), .. chain is null ? Array.Empty<string>() : [values.Table(chain, result)]];
            values.Write(values.Octet("QuantizedAdd", node.Name, summands, values.Computed(taken, last),
                [.. values.Quantization("a_", node.Input[0]), .. values.Quantization("b_", node.Input[1]), .. values.Quantization("y_", result)]));
            return true;
        }
        string[] operands = [.. node.Input.SelectMany(summand => values.Operands(summand, last)), .. values.ParameterOperands(result)];
        values.Write(values.Contrib("QLinearAdd", node.Name, operands, values.Computed(result, last)));
        return true;
    }

    private bool HaveOneShape(string first, string second) =>
        values.Index.Extents(first) is { } extents && values.Index.Extents(second) is { } others && extents.SequenceEqual(others);

    private bool WriteChannelScale(NodeProto node, string result)
    {
        if (!values.CustomOperators || OperatorTraits.ScaledByChannel(node, values.Index) is not { } position)
            return false;
        string scaled = node.Input[position], factor = node.Input[1 - position];
        bool last = values.IsLast(scaled);
        // One pixel: the same bytes in both orders.
        string[] operands = [last ? values.Last(scaled) : values.First(scaled), values.IsLast(factor) ? values.Last(factor) : values.First(factor)];
        values.SetRank(result, values.Rank(scaled));
        values.Write(values.Octet("QuantizedChannelScale", node.Name, operands, values.Computed(result, last),
            [.. values.Quantization("x_", scaled), .. values.Quantization("s_", factor), .. values.Quantization("y_", result), Nodes.Attribute("channels_last", last ? 1 : 0)]));
        return true;
    }

    private bool WriteConcat(NodeProto node, string result)
    {
        string[] activations = [.. OperatorTraits.ActivationInputs(node, values.Index)];
        bool last = CanBeLast(activations);
        int? rank = values.Rank(activations[0]);
        long axis = node.Int("axis", 0);
        if (last)
            axis = ChannelsLastLayout.Axis(axis, rank!.Value);
        string[] operands = [.. values.ParameterOperands(result), .. node.Input.SelectMany(part => values.Index.Initializer(part) is { } zeros ? Zeros(zeros, result, last) : values.Operands(part, last))];
        values.SetRank(result, rank);
        values.Write(values.Contrib("QLinearConcat", node.Name, operands, values.Computed(result, last), Nodes.Attribute("axis", axis)));
        return true;
    }

    /// <summary>Zeros as a part of a value.</summary>
    private string[] Zeros(TensorProto zeros, string value, bool last)
    {
        byte[] bytes = new byte[zeros.ElementCount()];
        Array.Fill(bytes, (byte)values.Parameters(value).ZeroPoint);
        long[] extents = [.. zeros.Dims];
        string quantized = values.Add(Tensors.Create(values.Fresh($"{zeros.Name}_quantized"), last ? ChannelsLastLayout.Permute<long>(extents) : extents, bytes));
        return [quantized, .. values.ParameterOperands(value)];
    }

    private bool WriteAveragePool(NodeProto node, string result)
    {
        int? rank = values.Rank(node.Input[0]);
        if (rank is not > 2 || node.Ints("dilations") is { } dilations && dilations.Any(dilation => dilation != 1))
            return false;
        values.SetRank(result, rank);
        string[] operands = [.. values.Operands(node.Input[0], last: true), .. values.ParameterOperands(result)];
        values.Write(values.Contrib($"QLinear{node.OpType}", node.Name, operands, values.Computed(result, last: true),
            [.. node.Attribute.Where(attribute => attribute.Name != "dilations"), Nodes.Attribute("channels_last", 1)]));
        return true;
    }

    /// <summary>Operators that move or pick bytes. One that knows no order of axes but ONNX's gets it.</summary>
    private bool WriteMoving(NodeProto node, string result)
    {
        string input = node.Input[0];
        bool last = values.IsLast(input);
        if (last && values.Rank(input) is { } rank && WriteMovingLast(node, result, rank))
            return true;
        NodeProto moving = node.Clone();
        moving.Input[0] = values.First(input);
        if (node.Is("Pad") && node.Input.Count < 3)
            moving.Input.Add("");
        if (node.Is("Pad"))
            moving.Input[2] = values.ParameterNames(result).ZeroPoint;
        if (node.Is("Transpose") && node.Ints("perm") is { Length: > 2 } permutation && permutation.SequenceEqual(ChannelsLastLayout.ToFirst(permutation.Length)))
        {
            values.SetRank(result, permutation.Length);
            values.Alias(result, last: true, moving.Input[0]);
            return true;
        }
        moving.Output[0] = values.Computed(result, last: false);
        values.Write(moving);
        return true;
    }

    private bool WriteMovingLast(NodeProto node, string result, int rank)
    {
        string input = node.Input[0];
        switch (node.OpType)
        {
            case "Transpose" when node.Ints("perm") is { } permutation && permutation.SequenceEqual(ChannelsLastLayout.ToLast(rank)):
                values.Alias(result, last: false, values.Last(input));
                return true;
            case "MaxPool" when node.Int("storage_order", 0) == 0:
                values.SetRank(result, rank);
                values.Write(values.Contrib("NhwcMaxPool", node.Name, [values.Last(input)], values.Computed(result, last: true), [.. node.Attribute.Where(attribute => attribute.Name != "storage_order")]));
                return true;
            case "Pad" when values.Index.Initializer(node.Input[1])!.ToInt64s() is { } pads && pads.Length == 2 * rank:
                values.SetRank(result, rank);
                long[] permuted = [.. ChannelsLastLayout.Permute<long>(pads.AsSpan(0, rank)), .. ChannelsLastLayout.Permute<long>(pads.AsSpan(rank))];
                string counts = values.Add(Tensors.Create(values.Fresh($"{node.Input[1]}_channels_last"), [permuted.Length], permuted));
                values.Write(Nodes.Create("Pad", node.Name, [values.Last(input), counts, values.ParameterNames(result).ZeroPoint], [values.Computed(result, last: true)]));
                return true;
            case "Resize" when node.Ints("axes") is null && node.Text("coordinate_transformation_mode", "half_pixel") != "tf_crop_and_resize":
                return WriteResize(node, result, rank);
            case "Reshape" or "Flatten" or "Squeeze" or "Unsqueeze" when values.IsOnePixel(input) && values.Index.Extents(result) is { } extents && extents.Count(extent => extent is null) < 2:
                values.Reshape(node.Name, values.Last(input), [.. extents.Select(extent => extent ?? -1)], values.Computed(result, last: false));
                return true;
            default:
                return false;
        }
    }

    private bool WriteResize(NodeProto node, string result, int rank)
    {
        string input = node.Input[0];
        if (values.CustomOperators && rank == 4 && ResizeFactors.Repeats(node, values.Index) is var (height, width))
        {
            values.SetRank(result, rank);
            values.Write(values.Octet("ResizeNearestNhwc", node.Name, [values.Last(input)], values.Computed(result, last: true),
                Nodes.Attribute("height_factor", height), Nodes.Attribute("width_factor", width)));
            return true;
        }
        if (PermutedSizes(node, rank) is not { } sizes)
            return false;
        values.SetRank(result, rank);
        values.Write(Nodes.Create("Resize", node.Name, [values.Last(input), .. sizes], [values.Computed(result, last: true)], [.. node.Attribute]));
        return true;
    }

    /// <summary>Between its conversions, but with the channels last: ONNX Runtime interpolates floats with vectors in this order, bytes one by one.</summary>
    private bool WriteInterpolation(NodeProto node, string result)
    {
        string input = node.Input[0];
        if (!values.IsLast(input) || values.Rank(input) is not 4 || node.Ints("axes") is not null || PermutedSizes(node, 4) is not { } sizes)
            return false;
        string floats = values.Fresh($"{input}_channels_last_dequantized"), resized = values.Fresh($"{result}_channels_last_unquantized");
        values.Dequantize(input, values.Last(input), floats);
        values.Write(Nodes.Create("Resize", node.Name, [floats, .. sizes], [resized], [.. node.Attribute]));
        values.SetRank(result, 4);
        values.Quantize(result, resized, values.Computed(result, last: true));
        return true;
    }

    /// <summary>A Resize's inputs behind the first, with the channels last; null for factors that are computed.</summary>
    private string[]? PermutedSizes(NodeProto node, int rank)
    {
        bool bySize = node.InputAt(3).Length > 0;
        string given = node.InputAt(bySize ? 3 : 2), name = values.Fresh($"{given}_channels_last");
        if (bySize && values.Index.Initializer(given) is { } sizes)
            return ["", "", values.Add(Tensors.Create(name, [rank], ChannelsLastLayout.Permute<long>(sizes.ToInt64s())))];
        float[]? scales = bySize ? ResizeFactors.Of(node, values.Index)?.Select(factor => (float)factor).ToArray() : values.Index.Initializer(given)?.ToFloats();
        if (scales is not null)
            return ["", values.Add(Tensors.Create(name, [rank], ChannelsLastLayout.Permute<float>(scales)))];
        return bySize ? ["", "", values.Pick(given, ChannelsLastLayout.ToLast(rank), name)] : null;
    }

    /// <summary>Whether an operator element by element, or along one axis, may take its inputs with the channels last, and one is there in this order.</summary>
    private bool CanBeLast(IEnumerable<string> inputs)
    {
        int?[] ranks = [.. inputs.Select(values.Rank).Distinct()];
        return ranks is [> 2] && inputs.Any(values.IsLast);
    }
}
