using Microsoft.ML.OnnxRuntime.Tensors;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Tests.Calibration.Data;

public sealed class OnnxDataTests : SampleSourceTests
{
    [Fact]
    public void The_inputs_of_a_folder_are_one_sample()
    {
        foreach (int set in new[] { 0, 1 })
        {
            Temporary.Tensor($"test_data_set_{set}/input_0.pb", Tensor("", set));
            Temporary.Tensor($"test_data_set_{set}/input_1.pb", Tensor("", 10 + set));
            Temporary.Tensor($"test_data_set_{set}/output_0.pb", Tensor("", 99));
        }
        using SampleSource source = Open([Input("a", TensorElementType.Float, -1), Input("b", TensorElementType.Double, 1)]);
        Assert.Equal(2, source.Count);
        Sample sample = source.TryRead(1)!;
        Assert.Equal(new[] { 1f }, sample.Inputs[0].Data);
        Assert.Equal(new[] { 11.0 }, sample.Inputs[1].Data);
        Assert.Equal(["a", "b"], sample.Inputs.Select(static tensor => tensor.Name));
        Assert.Empty(Log.All);
    }

    [Fact]
    public void Names_go_before_numbers()
    {
        Temporary.Tensor("input_0.pb", Tensor("b", 1));
        Temporary.Tensor("input_1.pb", Tensor("a", 2));
        using SampleSource source = Open([Input("a", TensorElementType.Float, 1), Input("b", TensorElementType.Float, 1)]);
        Sample sample = Assert.Single(ReadAll(source));
        Assert.Equal(new[] { 2f }, sample.Inputs[0].Data);
        Assert.Equal(new[] { 1f }, sample.Inputs[1].Data);
    }

    [Fact]
    public void Each_file_is_a_sample_for_a_model_of_one_input()
    {
        for (int i = 0; i < 3; i++)
            Temporary.Tensor($"input_{i}.pb", Tensor("something", i));
        Temporary.Tensor("more.pb", Tensor("", 3));
        using SampleSource source = Open(Input(1));
        Assert.Equal([[0], [1], [2], [3]], ReadAll(source).Select(static sample => Floats(sample)));
    }

    [Fact]
    public void A_missing_tensor_and_a_wrong_shape_are_told()
    {
        Temporary.Tensor("input_0.pb", Tensor("a", 2));
        using SampleSource missing = Open([Input("a", TensorElementType.Float, 1), Input("b", TensorElementType.Float, 1)]);
        Assert.Contains("'b'", Throws("OCT3009", () => missing.TryRead(0)), StringComparison.Ordinal);

        using SampleSource wrong = Open(Input(2));
        Assert.Contains("[1]", Throws("OCT3004", () => wrong.TryRead(0)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_tensor_is_told_and_skipped()
    {
        Temporary.File("a.pb", [1, 2, 3]);
        Temporary.Tensor("b.pb", Tensor("", 5));
        using SampleSource source = Open(Input(1));
        source.EnsureUsable();
        Assert.Null(source.TryRead(0));
        Assert.Equal([5], Floats(source.TryRead(1)));
        Log.Single("OCT3002");
    }

    private static TensorProto Tensor(string name, float value) =>
        new() { Name = name, DataType = (int)TensorProto.Types.DataType.Float, Dims = { 1 }, FloatData = { value } };
}
