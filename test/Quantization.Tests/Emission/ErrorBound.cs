using Octet.Quantization.Calibration;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Tests.Emission;

/// <summary>
/// How far a static variant's output may be from the float model's, element by element: a second float model that carries an error beside each value.
/// </summary>
/// <remarks>
/// With the scale s of an activation, s_w of a weight's channel, and e the error of the input x:
/// a value that is quantized gains s (half a step of rounding, and half a step where the rounded zero point moves an end of the range);
/// a sum of products gains |w| e + s_w/2 (|x| + e), and a bias in units of s s_w half of that unit;
/// Relu and Clip bring values no further apart; Add adds the errors; pooling and what only moves values do to errors as they do to values.
/// </remarks>
internal sealed class ErrorBound
{
    private readonly ModelProto _model;
    private readonly GraphProto _graph;
    private readonly GraphIndex _index;
    private readonly QuantizationPlan _plan;
    private readonly IReadOnlyDictionary<string, ActivationRange> _ranges;
    private readonly int _weightLimit;

    private ErrorBound(ModelProto prepared, QuantizationPlan plan, IReadOnlyDictionary<string, ActivationRange> ranges, int weightLimit)
    {
        _model = prepared.Clone();
        _graph = _model.Graph;
        _index = new GraphIndex(prepared.Graph);
        _plan = plan;
        _ranges = ranges;
        _weightLimit = weightLimit;
    }

    /// <summary>The model that computes the bound of the first output from the float model's inputs.</summary>
    public static ModelProto Of(ModelProto prepared, QuantizationPlan plan, IReadOnlyDictionary<string, ActivationRange> ranges, int weightLimit) =>
        new ErrorBound(prepared, plan, ranges, weightLimit).Build();

    private ModelProto Build()
    {
        NodeProto[] nodes = [.. _graph.Node];
        foreach (ValueInfoProto input in _graph.Input)
            SetError(input.Name, Add("Mul", Add("Abs", input.Name), Scalar(0)));
        foreach (NodeProto node in nodes)
            SetError(node.Output[0], ErrorOf(node));
        string output = _graph.Output[0].Name;
        _graph.Output.Clear();
        _graph.Output.Add(new ValueInfoProto { Name = Error(output) });
        return _model;
    }

    private string ErrorOf(NodeProto node)
    {
        string error = Error(node.Input[0]);
        return node.OpType switch
        {
            "Conv" or "Gemm" or "MatMul" => ErrorOfProducts(node, error),
            "Relu" or "Clip" => error,
            "Add" when _index.Initializer(node.Input[1]) is not null => error,
            "Add" => Add("Add", error, Error(node.Input[1])),
            "Concat" => Like(node, [.. node.Input.Select(Error)]),
            _ => Like(node, [error, .. node.Input.Skip(1)]),
        };
    }

    private string ErrorOfProducts(NodeProto node, string error)
    {
        TensorProto weights = _index.Initializer(node.Input[1])!;
        float[] values = weights.ToFloats();
        int axis = OperatorTraits.ChannelAxis(node);
        int inner = (int)weights.Dims.Skip(axis + 1).Aggregate(1L, (product, extent) => product * extent);
        int Channel(int i) => i / inner % (int)weights.Dims[axis];
        float[] scales = new float[weights.Dims[axis]];
        for (int i = 0; i < values.Length; i++)
            scales[Channel(i)] = MathF.Max(scales[Channel(i)], MathF.Abs(values[i]) / _weightLimit);

        string magnitudes = Constant(weights.Dims, [.. values.Select(MathF.Abs)]);
        string halfSteps = Constant(weights.Dims, [.. values.Select((_, i) => scales[Channel(i)] / 2)]);
        float inputScale = Scale(node.Input[0]);
        // A bias of half a unit a channel; a product without one has no operand for it, nor an error.
        string[] bias = node.InputAt(2).Length == 0 ? [] : [Constant([scales.Length], [.. scales.Select(scale => scale * inputScale / 2)])];
        string fromInput = Like(node, [error, magnitudes, .. bias]);
        string fromWeights = Like(node, [Add("Add", Add("Abs", node.Input[0]), error), halfSteps]);
        return Add("Add", fromInput, fromWeights);
    }

    private void SetError(string value, string error)
    {
        string own = _plan.Activations.Contains(value) ? Add("Add", error, Scalar(Scale(value))) : error;
        _graph.Node.Add(Nodes.Create("Identity", "", [own], [Error(value)]));
    }

    // Derived from the range alone: 255 steps from end to end, zero included. What is always 0 has steps of 1.
    private float Scale(string value)
    {
        while (_plan.SharedParameters.TryGetValue(value, out string? source))
            value = source;
        float width = MathF.Max(_ranges[value].Max, 0) - MathF.Min(_ranges[value].Min, 0);
        return width == 0 ? 1 : width / 255;
    }

    private static string Error(string value) => $"error of {value}";

    private string Like(NodeProto node, string[] inputs)
    {
        NodeProto same = node.Clone();
        same.Name = "";
        same.Input.Clear();
        same.Input.AddRange(inputs);
        same.Output[0] = $"term {_graph.Node.Count}";
        _graph.Node.Add(same);
        return same.Output[0];
    }

    private string Add(string op, params string[] inputs) => Like(Nodes.Create(op, "", [], [""]), inputs);

    private string Scalar(float value) => Constant([], [value]);

    private string Constant(IEnumerable<long> shape, float[] values)
    {
        string name = $"constant {_graph.Initializer.Count}";
        _graph.Initializer.Add(Tensors.Create(name, shape, values));
        return name;
    }
}
