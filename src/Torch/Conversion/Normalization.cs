using Octet.Quantization.Onnx;
using TorchSharp;

namespace Octet.Torch.Conversion;

/// <summary>Normalization with statistics that were learned.</summary>
internal static class Normalization
{
    public static void Register(ConversionTable table) => table.Add(NormalizeBatch, "THSNN_batch_norm");

    private static void NormalizeBatch(ConversionContext call)
    {
        if (call.Flag("training"))
            throw call.Unsupported("with training=true");
        if (call.OptionalTensor("running_mean") is not { } mean || call.OptionalTensor("running_var") is not { } variance)
            throw call.Unsupported("without running statistics");
        int channels = (int)mean.Shape[0].First;
        call.Return(call.Add("BatchNormalization",
            [call.Value("input"), PerChannel(call, "weight", channels, 1), PerChannel(call, "bias", channels, 0), call.Value(mean), call.Value(variance)],
            Nodes.Attribute("epsilon", (float)call.Number("eps"))));
    }

    private static string PerChannel(ConversionContext call, string parameter, int channels, float otherwise)
    {
        if (call.OptionalTensor(parameter) is { } given)
            return call.Value(given);
        float[] values = new float[channels];
        values.AsSpan().Fill(otherwise);
        return call.Cast(call.Floats([channels], values), torch.ScalarType.Float32, call.Tensor("input").ElementType);
    }
}
