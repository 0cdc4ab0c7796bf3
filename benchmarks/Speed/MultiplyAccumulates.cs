using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Benchmarks.Speed;

/// <summary>How many products a run of a model sums up: what a machine's peak is counted in.</summary>
internal static class MultiplyAccumulates
{
    /// <summary>The products of Conv, ConvTranspose, Gemm and MatMul with constant weights, as the model is written.</summary>
    public static double Of(SpeedModel speedModel)
    {
        ModelProto model = ConstantsToInitializers.Apply(OnnxFile.Read(speedModel.Path));
        foreach (ValueInfoProto input in model.Graph.Input)
            if (speedModel.Inputs.FirstOrDefault(tensor => tensor.Name == input.Name) is { } tensor)
                for (int axis = 0; axis < tensor.Shape.Length; axis++)
                    input.Type.TensorType.Shape.Dim[axis] = new TensorShapeProto.Types.Dimension { DimValue = tensor.Shape[axis] };
        model = InferShapes.Apply(model);
        Dictionary<string, double> elements = model.Graph.ValueInfo.Concat(model.Graph.Output).Concat(model.Graph.Input)
            .GroupBy(info => info.Name).ToDictionary(group => group.Key, group => Elements(group.First()));
        Dictionary<string, TensorProto> weights = model.Graph.Initializer.ToDictionary(tensor => tensor.Name);
        return model.Graph.Node.Where(node => node.Input.Count > 1 && weights.ContainsKey(node.Input[1])).Sum(node => Products(node, weights[node.Input[1]], elements));
    }

    // Every output element of a Conv sums up the weights of its channel, of a Gemm those of its column; every input element of a ConvTranspose meets those of its channel.
    private static double Products(NodeProto node, TensorProto weights, Dictionary<string, double> elements) => node.OpType switch
    {
        "Conv" => elements[node.Output[0]] * weights.Dims.Skip(1).Aggregate(1.0, (product, extent) => product * extent),
        "ConvTranspose" => elements[node.Input[0]] * weights.Dims.Skip(1).Aggregate(1.0, (product, extent) => product * extent),
        "Gemm" => elements[node.Output[0]] * weights.Dims[node.Int("transB", 0) != 0 ? 1 : 0],
        "MatMul" => elements[node.Output[0]] * weights.Dims[^2],
        _ => 0,
    };

    // An exporter may leave an output without a type.
    private static double Elements(ValueInfoProto info) => info.Type?.TensorType?.Shape is not { } shape ? 0 : shape.Dim.Aggregate(1.0, (product, extent) => product * extent.DimValue);
}
