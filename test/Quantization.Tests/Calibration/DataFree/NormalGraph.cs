using Octet.Quantization.Calibration.DataFree;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Calibration.DataFree;

/// <summary>Models whose inputs are normal and whose BatchNormalizations know it, so that what is derived can be compared with what is computed.</summary>
internal static class NormalGraph
{
    public const int Channels = 4;
    public static readonly long[] Shape = [24, Channels, 24, 24];

    private static readonly float[] Shift = [0.5f, -1, 0, 2];
    private static readonly float[] Scale = [1, 0.5f, -2, 0.25f];

    /// <summary>An input and its BatchNormalization: channel c has the mean <see cref="Shift"/> and the deviation |<see cref="Scale"/>|.</summary>
    public static string Normal(this GraphBuilder graph, string input)
    {
        string x = graph.Input(input, Shape);
        string[] statistics = [graph.Constant([Channels], Scale), graph.Constant([Channels], Shift), graph.Constant([Channels], new float[Channels]), graph.Constant([Channels], [1, 1, 1, 1])];
        return graph.Node("BatchNormalization", [x, .. statistics], Nodes.Attribute("epsilon", 0f));
    }

    /// <summary>
    /// Normal numbers: in each channel those at evenly spaced probabilities, shuffled, so that functions of one of them have hardly any sampling error.
    /// </summary>
    public static NamedTensor Samples(string name)
    {
        Random random = new(name[0]);
        int inner = (int)(Shape[2] * Shape[3]), batch = (int)Shape[0];
        float[] values = new float[Shape.Aggregate(1L, (product, extent) => product * extent)];
        for (int channel = 0; channel < Channels; channel++)
        {
            float[] numbers = Quantiles(batch * inner);
            random.Shuffle(numbers);
            for (int i = 0; i < numbers.Length; i++)
                values[(i / inner * Channels + channel) * inner + i % inner] = numbers[i];
        }
        return new NamedTensor(name, [.. Shape], values);
    }

    private static float[] Quantiles(int count)
    {
        const double Step = 1e-4;
        float[] numbers = new float[count];
        double at = -6, below = 0;
        for (int i = 0; i < count; i++)
        {
            for (; below < (i + 0.5) / count; at += Step)
                below += Step * Math.Exp(-at * at / 2) / Math.Sqrt(2 * Math.PI);
            numbers[i] = (float)(at - Step / 2);
        }
        return numbers;
    }

    /// <summary>What is derived of the only output.</summary>
    public static ChannelMoments? Derived(ModelProto model)
    {
        ModelProto shaped = InferShapes.Apply(model);
        MomentPropagation propagation = new(shaped.Graph, new DataFreeOptions());
        propagation.Run();
        return propagation.Of(shaped.Graph.Output[0].Name);
    }

    /// <summary>The output's elements channel by channel; all together where there is one channel.</summary>
    public static List<float>[] ByChannel(NamedTensor output, int axis, int channels)
    {
        int inner = (int)output.Shape.Skip(axis + 1).Aggregate(1L, (product, extent) => product * extent);
        List<float>[] result = [.. Enumerable.Range(0, channels).Select(_ => new List<float>())];
        float[] values = (float[])output.Data;
        for (int i = 0; i < values.Length; i++)
            result[channels == 1 ? 0 : i / inner % channels].Add(values[i]);
        return result;
    }
}
