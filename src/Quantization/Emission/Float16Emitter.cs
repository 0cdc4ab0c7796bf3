using System.Collections.Immutable;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Emission;

/// <summary>
/// Writes half precision between casts: inputs and outputs of the model keep their type, and a value that float nodes read keeps its name on the
/// 32-bit side.
/// </summary>
internal sealed class Float16Emitter
{
    private static readonly float Largest = (float)Half.MaxValue;
    private readonly ModelProto _model;
    private readonly GraphProto _graph;
    private readonly NodePlan _plan;
    private readonly UniqueNames _names;
    private readonly GraphIndex _index;
    private readonly Dictionary<string, string> _halves = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _clamped = new(StringComparer.Ordinal);
    private readonly List<NodeProto> _nodes = [];

    private Float16Emitter(ModelProto model, NodePlan plan)
    {
        _model = model;
        _graph = model.Graph;
        _plan = plan;
        _names = new UniqueNames(model);
        _index = new GraphIndex(_graph);
    }

    /// <summary>Rewrites a model.</summary>
    /// <param name="model">The model; it is changed.</param>
    /// <param name="plan">The plan that was made for it.</param>
    /// <returns>The rewritten model, and the constants that hold finite values beyond ±65504, which became that.</returns>
    public static (ModelProto Model, ImmutableArray<string> Clamped) Emit(ModelProto model, NodePlan plan) => new Float16Emitter(model, plan).Emit();

    private (ModelProto Model, ImmutableArray<string> Clamped) Emit()
    {
        NodeProto[] before = [.. _graph.Node];
        foreach (NodeProto node in before)
        {
            if (_plan.Nodes.Contains(node))
                Convert(node);
            else
                _nodes.Add(node);
        }
        _graph.Node.Clear();
        _graph.Node.AddRange(_nodes);
        _graph.ValueInfo.Clear();
        return (RemoveUnused.Apply(_model), [.. _clamped]);
    }

    private void Convert(NodeProto node)
    {
        NodeProto converted = node.Clone();
        foreach (int input in Float16Conversion.FloatInputs(node))
            converted.Input[input] = HalfOf(node.Input[input]);
        _nodes.Add(converted);
        foreach (string output in Float16Conversion.FloatOutputs(node))
        {
            string half = _names.Fresh($"{output}_half");
            _halves[output] = half;
            converted.Output[converted.Output.IndexOf(output)] = half;
            if (_index.IsOutput(output) || _index.Consumers(output).Any(consumer => ReadsAsFloat(consumer, output)))
                _nodes.Add(Cast(half, output, DataType.Float));
        }
    }

    private bool ReadsAsFloat(NodeProto consumer, string value) =>
        !_plan.Nodes.Contains(consumer) || consumer.Input.Select((input, i) => (input, i)).Any(pair => pair.input == value && !Float16Conversion.FloatInputs(consumer).Contains(pair.i));

    private string HalfOf(string value)
    {
        if (_halves.TryGetValue(value, out string? half))
            return half;
        half = _halves[value] = _names.Fresh($"{value}_half");
        if (_index.Initializer(value) is { } constant)
            _graph.Initializer.Add(Tensors.Create(half, constant.Dims, Array.ConvertAll(constant.ToFloats(), number => ToHalf(number, value))));
        else
            _nodes.Add(Cast(value, half, DataType.Float16));
        return half;
    }

    private Half ToHalf(float number, string constant)
    {
        if (MathF.Abs(number) > Largest && float.IsFinite(number))
        {
            _clamped.Add(constant);
            number = MathF.CopySign(Largest, number);
        }
        return (Half)number;
    }

    private NodeProto Cast(string from, string to, DataType type) => Nodes.Create("Cast", _names.Fresh($"{to}_Cast"), [from], [to], Nodes.Attribute("to", (long)type));
}
