using CsCheck;
using Microsoft.ML.OnnxRuntime;

namespace Octet.Runtime.Tests;

public sealed class NamedTensorTests
{
    [Fact]
    public void Every_type_goes_through_onnx_runtime_and_back() => Tensors.Any.Where(tensor => tensor.Count > 0).Sample(tensor =>
    {
        using OrtValue value = tensor.ToOrtValue();
        Tensors.AssertEqual(tensor, NamedTensor.FromOrtValue("x", value));
    });

    [Fact]
    public void Shape_and_data_must_fit()
    {
        Assert.Throws<ArgumentException>(() => new NamedTensor("x", [2, 3], new float[5]));
        Assert.Equal(1, new NamedTensor("x", [], new float[1]).Count);
        Assert.Equal(0, new NamedTensor("x", [0, 3], Array.Empty<float>()).Count);
    }

    [Fact]
    public void Types_without_an_onnx_type_are_refused() => Assert.Throws<ArgumentException>(() => new NamedTensor("x", [1], new char[1]));
}
