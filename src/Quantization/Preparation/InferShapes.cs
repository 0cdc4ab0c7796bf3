using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Writes down the element type and extents of every value of the main graph, as ONNX Runtime infers them: it is asked for every value as an
/// output, and told the weights' extents only. No user has to run a shape inference first.
/// </summary>
public static class InferShapes
{
    // Constants up to this many elements may be shapes, which inference follows by value.
    private const int SmallConstant = 1024;

    private const long LargestSubgraphWeights = 1 << 26;

    /// <summary>Returns the model with its value infos completed; a model that ONNX Runtime cannot load is returned as it is.</summary>
    public static ModelProto Apply(ModelProto model)
    {
        if (model.Graph.Node.SelectMany(node => node.Subgraphs()).SelectMany(graph => graph.WithSubgraphs()).SelectMany(graph => graph.Initializer).Sum(tensor => tensor.ByteCount()) > LargestSubgraphWeights)
            return model;
        HashSet<string> declared = new(model.Graph.Input.Concat(model.Graph.Output).Select(info => info.Name), StringComparer.Ordinal);
        string[] values = [.. model.Graph.Node.SelectMany(node => node.Output).Where(value => value.Length > 0 && !declared.Contains(value)).Distinct()];
        if (values.Length == 0)
            return model;
        try
        {
            using SessionOptions options = new() { GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, IntraOpNumThreads = 1 };
            using InferenceSession session = new(Skeleton(model, values).ToByteArray(), options);
            ModelProto result = model.Clone();
            result.Graph.ValueInfo.Clear();
            result.Graph.ValueInfo.AddRange(values.Select(value => Describe(value, session.OutputMetadata[value])).OfType<ValueInfoProto>());
            return result;
        }
        catch (OnnxRuntimeException)
        {
            // An operator that only the application knows, say. What the model says of itself must do.
            return model;
        }
    }

    /// <summary>The model with large weights as inputs, and every value as an output.</summary>
    private static ModelProto Skeleton(ModelProto model, IEnumerable<string> values)
    {
        ModelProto skeleton = model.Clone();
        GraphProto graph = skeleton.Graph;
        foreach (TensorProto tensor in graph.Initializer.Where(IsLarge))
            graph.Input.Add(Info(tensor.Name, tensor.DataType, [.. tensor.Dims.Select(extent => new TensorShapeProto.Types.Dimension { DimValue = extent })]));
        graph.Initializer.KeepWhere(tensor => !IsLarge(tensor));
        foreach (TensorProto tensor in skeleton.ConstantTensors().Where(ExternalData.IsBound))
            ExternalData.Load(tensor);
        graph.Output.AddRange(values.Select(value => new ValueInfoProto { Name = value }));
        return skeleton;
    }

    private static bool IsLarge(TensorProto tensor) => tensor.ElementCount() > SmallConstant && tensor.ElementSize() is not null;

    private static ValueInfoProto? Describe(string value, NodeMetadata metadata)
    {
        if (!metadata.IsTensor)
            return null;
        // ONNX Runtime answers no extents both for a scalar and for a value of unknown rank: nothing is said of either.
        return Info(value, (int)metadata.ElementDataType, [.. metadata.Dimensions.Zip(metadata.SymbolicDimensions, Extent)]);
    }

    private static TensorShapeProto.Types.Dimension Extent(int extent, string symbol)
    {
        if (extent >= 0)
            return new TensorShapeProto.Types.Dimension { DimValue = extent };
        return symbol.Length > 0 ? new TensorShapeProto.Types.Dimension { DimParam = symbol } : new TensorShapeProto.Types.Dimension();
    }

    private static ValueInfoProto Info(string name, int type, TensorShapeProto.Types.Dimension[] extents)
    {
        TypeProto.Types.Tensor tensor = new() { ElemType = type };
        if (extents.Length > 0)
        {
            tensor.Shape = new TensorShapeProto();
            tensor.Shape.Dim.AddRange(extents);
        }
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
