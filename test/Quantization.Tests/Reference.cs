using System.Collections.Immutable;
using Octet.Quantization.Measurement;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Tests;

/// <summary>Runs models in ONNX Runtime, which is the judge of what a graph means.</summary>
internal static class Reference
{
    public static ImmutableArray<NamedTensor> Run(ModelProto model, params NamedTensor[] inputs)
    {
        using ScratchFolder scratch = new();
        string path = Path.Combine(scratch.Path, "model.onnx");
        OnnxFile.Write(model, path);
        using ModelSession session = new(path, threads: 1);
        return session.Run([.. inputs]);
    }

    public static NamedTensor Tensor(string name, long[] shape, int seed = 7, float scale = 1)
    {
        Random random = new(seed);
        float[] values = new float[shape.Aggregate(1L, (product, extent) => product * extent)];
        for (int i = 0; i < values.Length; i++)
            values[i] = (random.NextSingle() * 2 - 1) * scale;
        return new NamedTensor(name, [.. shape], values);
    }

    public static float[] Floats(this ImmutableArray<NamedTensor> outputs, int index = 0) => (float[])outputs[index].Data;

    /// <summary>Both models give the same outputs up to float rounding.</summary>
    public static void AssertEqual(ModelProto expected, ModelProto actual, params NamedTensor[] inputs)
    {
        ImmutableArray<NamedTensor> before = Run(expected, inputs);
        ImmutableArray<NamedTensor> after = Run(actual, inputs);
        Assert.Equal(before.Select(output => output.Name), after.Select(output => output.Name));
        for (int i = 0; i < before.Length; i++)
        {
            Assert.Equal(before[i].Shape.ToArray(), after[i].Shape.ToArray());
            if (before[i].Data is float[] floats)
                Assert.InRange(Agreement.SqnrDb(floats, after.Floats(i)), 90, Agreement.LimitDb);
            else
                Assert.Equal(before[i].Data, after[i].Data);
        }
    }

    public static int Count(this ModelProto model, string op) => model.Graph.WithSubgraphs().SelectMany(graph => graph.Node).Count(node => node.OpType == op);
}
