using Octet.Quantization.Calibration;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Preparation;

/// <summary>What passes that balance channels are given.</summary>
internal static class Balanced
{
    public static Dictionary<string, IReadOnlyList<float>> Magnitudes(ModelProto model, IEnumerable<ChannelAxis> values, NamedTensor input)
    {
        using ScratchFolder scratch = new();
        return ChannelCalibration.Collect(model, [.. values], 1, _ => [input], scratch.Path).ToDictionary(pair => pair.Key, pair => (IReadOnlyList<float>)pair.Value.Magnitudes);
    }
}
