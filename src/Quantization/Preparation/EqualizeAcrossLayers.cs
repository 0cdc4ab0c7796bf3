using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

internal static class EqualizeAcrossLayers
{
    public static ModelProto Apply(ModelProto prepared) => prepared;
}
