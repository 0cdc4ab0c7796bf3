using Google.Protobuf;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Tests;

/// <summary>Builds small models in a few lines. Weights are random but fixed by the seed.</summary>
internal sealed class GraphBuilder
{
    private readonly ModelProto _model = new() { IrVersion = 8, ProducerName = "test", Graph = new GraphProto { Name = "test" } };
    private readonly Random _random;
    private readonly string _prefix;
    private int _names;

    /// <param name="opset">Version of the standard operators.</param>
    /// <param name="seed">Of the weights.</param>
    /// <param name="prefix">Begins every name, for a graph inside a graph: ONNX Runtime refuses a computed value that hides another.</param>
    public GraphBuilder(int opset = 13, int seed = 1, string prefix = "")
    {
        _prefix = prefix;
        _model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = opset });
        _random = new Random(seed);
    }

    public GraphProto Graph => _model.Graph;

    public string Input(string name, params long[] shape) => Input(name, TensorProto.Types.DataType.Float, shape);

    public string Input(string name, TensorProto.Types.DataType type, params long[] shape)
    {
        Graph.Input.Add(Info(name, type, shape));
        return name;
    }

    public void Output(string name, params long[] shape) => Graph.Output.Add(shape.Length == 0 ? new ValueInfoProto { Name = name } : Info(name, TensorProto.Types.DataType.Float, shape));

    public string Node(string op, string[] inputs, params AttributeProto[] attributes) => Node(op, inputs, 1, attributes)[0];

    public string[] Node(string op, string[] inputs, int outputs, params AttributeProto[] attributes)
    {
        string name = $"{_prefix}{op}{++_names}";
        string[] results = [.. Enumerable.Range(0, outputs).Select(i => i == 0 ? $"{name}_out" : $"{name}_out{i}")];
        Graph.Node.Add(Nodes.Create(op, name, inputs, results, attributes));
        return results;
    }

    public string Weights(params long[] shape) => Constant(shape, Values(shape, 1));

    /// <summary>Weights that keep the variance of what flows through them: uniform, sqrt(6 / fan-in) at most (He et al. 2015).</summary>
    public string ScaledWeights(params long[] shape) => Constant(shape, Values(shape, MathF.Sqrt(6f / shape.Skip(1).Aggregate(1L, (product, extent) => product * extent))));

    public string Constant(long[] shape, float[] values)
    {
        string name = $"{_prefix}w{++_names}";
        Graph.Initializer.Add(Tensors.Create(name, shape, values));
        return name;
    }

    public string Constant(long[] values)
    {
        string name = $"{_prefix}i{++_names}";
        Graph.Initializer.Add(Tensors.Create(name, [values.Length], values));
        return name;
    }

    /// <summary>Constant in a Constant node, as PaddlePaddle writes weights.</summary>
    public string ConstantNode(long[] shape, float[] values)
    {
        string name = $"{_prefix}c{++_names}";
        Graph.Node.Add(Nodes.Create("Constant", "", [], [name], new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = Tensors.Create("", shape, values) }));
        return name;
    }

    public float[] Values(long[] shape, float scale)
    {
        float[] values = new float[shape.Aggregate(1L, (product, extent) => product * extent)];
        for (int i = 0; i < values.Length; i++)
            values[i] = (_random.NextSingle() * 2 - 1) * scale;
        return values;
    }

    public string Conv(string input, long outputs, long inputs, long kernel, bool bias = true, long group = 1, long stride = 1, long? pad = null)
    {
        long padding = pad ?? kernel / 2;
        string[] operands = [input, ScaledWeights(outputs, inputs / group, kernel, kernel), .. bias ? [Weights(outputs)] : Array.Empty<string>()];
        return Node("Conv", operands, Nodes.Attribute("kernel_shape", [kernel, kernel]), Nodes.Attribute("pads", [padding, padding, padding, padding]), Nodes.Attribute("strides", [stride, stride]), Nodes.Attribute("group", group));
    }

    /// <summary>BatchNormalization with plausible statistics.</summary>
    public string BatchNormalization(string input, long channels)
    {
        float[] variance = [.. Values([channels], 0.5f).Select(value => value + 1)];
        return Node("BatchNormalization", [input, Weights(channels), Weights(channels), Weights(channels), Constant([channels], variance)], Nodes.Attribute("epsilon", 1e-3f));
    }

    /// <summary>The graph as an attribute of If, Loop or Scan.</summary>
    public AttributeProto As(string attribute)
    {
        GraphProto graph = Build().Graph;
        graph.Name = attribute;
        return new AttributeProto { Name = attribute, Type = AttributeProto.Types.AttributeType.Graph, G = graph };
    }

    /// <summary>The model, as a reader of its file would see it.</summary>
    public ModelProto Build() => ModelProto.Parser.ParseFrom(_model.ToByteArray());

    private static ValueInfoProto Info(string name, TensorProto.Types.DataType type, long[] shape)
    {
        TypeProto.Types.Tensor tensor = new() { ElemType = (int)type, Shape = new TensorShapeProto() };
        foreach (long extent in shape)
            tensor.Shape.Dim.Add(extent < 0 ? new TensorShapeProto.Types.Dimension { DimParam = $"d{-extent}" } : new TensorShapeProto.Types.Dimension { DimValue = extent });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
