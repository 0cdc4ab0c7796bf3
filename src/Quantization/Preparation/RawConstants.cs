using Google.Protobuf;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Brings constants that lie in typed fields (<c>float_data</c>, <c>int64_data</c> and so on) into raw bytes. Raw bytes are shared when a pass
/// copies the model; typed fields would be copied by each.
/// </summary>
public static class RawConstants
{
    /// <summary>Returns the rewritten model; the argument is left as it is.</summary>
    public static ModelProto Apply(ModelProto model)
    {
        if (!model.ConstantTensors().Any(IsConvertible))
            return model;
        ModelProto result = model.Clone();
        foreach (TensorProto tensor in result.ConstantTensors().Where(IsConvertible))
        {
            tensor.RawData = UnsafeByteOperations.UnsafeWrap(tensor.ToBytes());
            tensor.FloatData.Clear();
            tensor.DoubleData.Clear();
            tensor.Int32Data.Clear();
            tensor.Int64Data.Clear();
            tensor.Uint64Data.Clear();
        }
        return result;
    }

    // Complex numbers travel as pairs, which the element count does not tell.
    private static bool IsConvertible(TensorProto tensor) => tensor.HasTypedData() && tensor.ElementSize() is not null
        && (TensorProto.Types.DataType)tensor.DataType is not (TensorProto.Types.DataType.Complex64 or TensorProto.Types.DataType.Complex128);
}
