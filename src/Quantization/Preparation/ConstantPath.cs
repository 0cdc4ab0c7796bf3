using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>The way of a constant scale and shift of one value's channels, through nodes that let it pass, into the constants of nodes that take it.</summary>
internal sealed class ConstantPath
{
    private readonly GraphEditor _editor;
    private readonly HashSet<string> _values = new(StringComparer.Ordinal);
    private readonly List<Action> _changes = [];

    private ConstantPath(GraphEditor editor) => _editor = editor;

    /// <summary>Finds the way; null where a reader can neither take it nor pass it on.</summary>
    /// <param name="value">The value that has been scaled and shifted, and will be no longer.</param>
    /// <param name="affine">The scale and shift, by channel along axis 1.</param>
    /// <param name="editor">The graph.</param>
    public static ConstantPath? Find(string value, ChannelAffine affine, GraphEditor editor)
    {
        ConstantPath path = new(editor);
        return affine.Scale.All(scale => scale != 0) && path.Follow(value, affine.Scale, affine.Shift) && path.IsUnambiguous(value) ? path : null;
    }

    /// <summary>Writes the constants that take it.</summary>
    public void Apply() => _changes.ForEach(change => change());

    private bool Follow(string value, double[] scale, double[] shift)
    {
        if (_editor.Index.IsOutput(value) || !_values.Add(value))
            return false;
        IReadOnlyList<NodeProto> readers = _editor.Index.Consumers(value);
        return readers.Count > 0 && readers.All(reader => reader.IsStandard() && reader.Input.Count(input => input == value) == 1 && Pass(reader, value, scale, shift));
    }

    private bool Pass(NodeProto reader, string value, double[] scale, double[] shift)
    {
        bool onlyScales = shift.All(summand => summand == 0), positive = scale.All(factor => factor > 0), uniform = scale.Length == 1 && shift.Length == 1, isData = reader.Input[0] == value;
        ChannelAffine affine = new(value, scale, shift);
        if (AffineFolding.CanTake(reader, value, affine, _editor.Index))
        {
            _changes.Add(() => AffineFolding.Take(reader, affine, _editor));
            return true;
        }
        string result = reader.Output[0];
        switch (reader.OpType)
        {
            case "Relu" or "LeakyRelu" when onlyScales && positive:
            case "MaxPool" when reader.Output.Count == 1 && positive:
            case "GlobalMaxPool" when positive:
            case "GlobalAveragePool":
            case "AveragePool" when onlyScales || (reader.Ints("pads") ?? []).All(pad => pad == 0) && reader.Text("auto_pad", "NOTSET") is "NOTSET" or "VALID" && reader.Int("ceil_mode", 0) == 0:
            case "Resize" when isData && reader.Text("coordinate_transformation_mode", "half_pixel") != "tf_crop_and_resize" && reader.Int("antialias", 0) == 0:
            case "Pad" when isData && onlyScales && reader.Text("mode", "constant") == "constant" && (reader.InputAt(2).Length == 0 || _editor.Index.Scalar(reader.Input[2]) == 0):
            case "DepthToSpace" or "Flatten" or "Identity" when uniform:
            case "Reshape" when uniform && isData:
            case "Flatten" or "Reshape" or "Squeeze" when isData && OnlyDropsPixel(value, result):
                return Follow(result, scale, shift);
            case "Concat":
                return Spread(reader, value, scale, shift) is var (scales, shifts) && Follow(result, scales, shifts);
            case "Add" or "Sub" or "Mul" or "Div":
                return PassArithmetic(reader, value, scale, shift, onlyScales, isData);
            default:
                return false;
        }
    }

    private bool PassArithmetic(NodeProto reader, string value, double[] scale, double[] shift, bool onlyScales, bool isData)
    {
        if (MoveConstants.Affine(reader, _editor) is { } constant)
        {
            // A factor passes the scale, and multiplies the shift.
            if (constant.OnlyScales)
                return Follow(reader.Output[0], scale, Combine(shift, constant.Scale, (summand, factor) => summand * factor));
            if (!reader.Is("Add") && !(reader.Is("Sub") && isData))
                return false;
            double[] moved = Combine(Combine(shift, constant.Shift, (mine, other) => mine + other), scale, (sum, factor) => sum / factor);
            int rank = _editor.ShapeOf(reader.Output[0])!.Length;
            _changes.Add(() => Summand(reader, value, moved, rank));
            return Follow(reader.Output[0], scale, [0]);
        }
        // A product with something else; the other factor must not widen the channels, nor a divisor carry the scale.
        string other = reader.Input[isData ? 1 : 0];
        return onlyScales && (reader.Is("Mul") || (reader.Is("Div") && isData)) && _editor.Index.Initializer(other) is null
            && (scale.Length == 1 || (_editor.ShapeOf(reader.Output[0]) is { } shape && shape.Length == _editor.ShapeOf(value)?.Length && shape[1] == scale.Length))
            && Follow(reader.Output[0], scale, shift);
    }

    private void Summand(NodeProto reader, string value, double[] summand, int rank)
    {
        long[] extents = summand.Length == 1 ? [] : [summand.Length, .. Enumerable.Repeat(1L, rank - 2)];
        string constant = _editor.Add(Tensors.Create(_editor.Names.Fresh($"{reader.Output[0]}_summand"), extents, [.. summand.Select(number => (float)number)]));
        _editor.Change(reader, changed =>
        {
            string input = changed.Input[changed.Input.IndexOf(value)];
            changed.OpType = "Add";
            changed.Input.Clear();
            changed.Input.AddRange([input, constant]);
        });
    }

    // From [batch, channels, 1, 1] to [batch, channels].
    private bool OnlyDropsPixel(string value, string result) =>
        _editor.ShapeOf(value) is [var batch, > 0 and var channels, .. { } image] && image.All(extent => extent == 1) && _editor.ShapeOf(result) is [var rows, var columns] && rows == batch && columns == channels;

    // One factor and summand for each channel of the whole.
    private (double[] Scale, double[] Shift)? Spread(NodeProto concat, string value, double[] scale, double[] shift)
    {
        if (concat.Int("axis", 1) != 1 || concat.Input.Any(input => _editor.ShapeOf(input) is not [_, > 0, ..]))
            return null;
        IEnumerable<double> All(double[] own, double other) => concat.Input.SelectMany(input =>
        {
            int channels = (int)_editor.ShapeOf(input)![1];
            return input == value && own.Length == channels ? own : Enumerable.Repeat(input == value ? own[0] : other, channels);
        });
        return ([.. All(scale, 1)], [.. All(shift, 0)]);
    }

    private static double[] Combine(double[] left, double[] right, Func<double, double, double> combine) =>
        [.. Enumerable.Range(0, Math.Max(left.Length, right.Length)).Select(i => combine(left[left.Length == 1 ? 0 : i], right[right.Length == 1 ? 0 : i]))];

    // A node that reads two values that both carry the scale would see it twice.
    private bool IsUnambiguous(string first) => _values.SelectMany(_editor.Index.Consumers).Distinct(ReferenceEqualityComparer.Instance).Cast<NodeProto>()
        .All(reader => reader.Input.Count(_values.Contains) == 1) && _values.Contains(first);
}
