using Octet.Quantization.Onnx;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Pipeline;

/// <summary>A model of testassets/models with what it wants to see.</summary>
/// <param name="Name">The file's name without its extension.</param>
/// <param name="Shape">The shape of its input.</param>
/// <param name="Value">The input's element from the picture's: channel (of RGB) and level (0 to 255).</param>
/// <param name="LowestSqnrDb">What each output of its int8 variant reaches at least; some dB below what was measured.</param>
internal sealed record RealModel(string Name, long[] Shape, Func<int, float, float> Value, double[] LowestSqnrDb)
{
    private static readonly float[] Mean = [0.485f, 0.456f, 0.406f];
    private static readonly float[] Deviation = [0.229f, 0.224f, 0.225f];

    public static IReadOnlyList<RealModel> All { get; } =
    [
        new("direction", [1, 3, 48, 192], (_, level) => level / 127.5f - 1, [18]),
        new("detector", [1, 3, 320, 320], (channel, level) => (level / 255 - Mean[channel]) / Deviation[channel], [9]),
        new("blazeface-front", [1, 128, 128, 3], (_, level) => level / 127.5f - 1, [24, 7, 20, 13]),
        new("blazeface-back", [1, 256, 256, 3], (_, level) => level / 127.5f - 1, [13, 9, 14, 16]),
        new("mlsd-tiny", [1, 320, 320, 4], (channel, level) => channel == 3 ? 1 : level, [4.5, 1.5]),
        new("digits", [1, 1, 8, 8], (_, level) => level / 16, [15]),
    ];

    private string? _input;

    public string Path => RoundTripTests.TestAsset($"models/{Name}.onnx");

    /// <summary>A picture as the model reads it: channels first and BGR (or blue alone), or last and RGB.</summary>
    public NamedTensor Picture(int seed)
    {
        bool channelsFirst = Shape[1] <= 3;
        int height = (int)Shape[channelsFirst ? 2 : 1], width = (int)Shape[channelsFirst ? 3 : 2], channels = (int)Shape[channelsFirst ? 1 : 3];
        float[] rgb = SyntheticScene.Draw(height, width, seed);
        float[] values = new float[height * width * channels];
        for (int pixel = 0; pixel < height * width; pixel++)
            for (int channel = 0; channel < channels; channel++)
            {
                int position = channelsFirst ? (channels - 1 - channel) * height * width + pixel : pixel * channels + channel;
                values[position] = Value(channel, channel < 3 ? rgb[pixel * 3 + channel] : 0);
            }
        return new NamedTensor(_input ??= OnnxFile.ReadWithoutExternalData(Path).Graph.Input[0].Name, [.. Shape], values);
    }
}
