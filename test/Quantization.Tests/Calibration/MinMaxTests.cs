using CsCheck;
using Octet.Quantization.Calibration;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Calibration;

public sealed class MinMaxTests
{
    [Fact]
    public void Every_length_gives_what_a_plain_loop_gives() => Gen.Float[-1e3f, 1e3f].Array[0, 200].Sample(values =>
        Assert.Equal(values.Length == 0 ? ActivationRange.Empty : new ActivationRange(values.Min(), values.Max()), MinMax.Of(values)));

    [Fact]
    public void A_value_that_is_no_number_is_not_overlooked_wherever_it_stands()
    {
        for (int position = 0; position < 100; position++)
        {
            float[] values = new float[100];
            values[position] = float.NaN;
            Assert.False(MinMax.Of(values).IsUsable);
        }
    }

    [Fact]
    public void Shards_merge_to_what_one_run_gives() => Gen.Select(Gen.Float.Array[1, 50], Gen.Float.Array[1, 50]).Sample((first, second) =>
        Assert.Equal(MinMax.Of([.. first, .. second]), MinMax.Of(first).Union(MinMax.Of(second))));

    [Fact]
    public void Calibration_sees_every_sample_and_skips_unreadable_ones()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4);
        string y = builder.Node("Neg", [x]);
        builder.Output(builder.Node("Relu", [y]), 1, 4);
        ModelProto model = builder.Build();
        using ScratchFolder scratch = new();

        (var ranges, int used) = MinMaxCalibrator.Collect(
            model, [x, y], 5, index => index == 2 ? null : [new NamedTensor(x, [1, 4], new float[] { index, -index, 0, index * 10 })], scratch.Path);

        Assert.Equal(4, used);
        Assert.Equal(new ActivationRange(-4, 40), ranges[x]);
        Assert.Equal(new ActivationRange(-40, 4), ranges[y]);
        Assert.Empty(Directory.EnumerateFileSystemEntries(scratch.Path));
    }

    [Fact]
    public void The_same_inputs_give_the_same_bytes_on_any_number_of_threads()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 3, 8, 8);
        builder.Output(builder.Conv(builder.Node("Relu", [builder.Conv(x, 4, 3, 3)]), 2, 4, 3), 1, 2, 8, 8);
        ModelProto model = builder.Build();

        Assert.Equal(Quantized.Make(model, Reference.Tensor(x, [1, 3, 8, 8])).Model, Quantized.Make(model, Reference.Tensor(x, [1, 3, 8, 8])).Model);
        Assert.NotEmpty(StaticQuantization.Plan(model, []).Activations);
    }
}
