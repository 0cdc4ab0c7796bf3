using Octet.Quantization.Emission;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Tests.Emission;

/// <summary>Half precision: the same inputs and outputs, half the size, and what has no half precision left alone.</summary>
public sealed class Float16EmitterTests
{
    [Fact]
    public void A_network_of_convolutions_keeps_its_signature_and_halves()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 3, 8, 8);
        string a = builder.Node("Relu", [builder.BatchNormalization(builder.Conv(x, 32, 3, 3), 32)]);
        string pooled = builder.Node("GlobalAveragePool", [builder.Node("Add", [a, builder.Conv(a, 32, 32, 3)])]);
        builder.Output(builder.Node("Gemm", [builder.Node("Flatten", [pooled]), builder.ScaledWeights(32, 10), builder.Weights(10)]), 1, 10);
        builder.Output(a, 1, 32, 8, 8);
        ModelProto model = builder.Build();

        ModelProto variant = Make(model).Model;

        Assert.Equal(model.Graph.Input, variant.Graph.Input);
        Assert.Equal(model.Graph.Output, variant.Graph.Output);
        Assert.DoesNotContain(variant.Graph.Initializer, tensor => tensor.DataType == (int)DataType.Float);
        Assert.InRange(variant.CalculateSize(), 1, 0.6 * model.CalculateSize());
        Assert.InRange(Quantized.SqnrDb(model, variant, Reference.Tensor(x, [1, 3, 8, 8])), 45, Agreement.LimitDb);
    }

    [Fact]
    public void A_transformer_runs()
    {
        ModelProto model = TransformerModel.Build();
        ModelProto variant = Make(model).Model;
        Assert.InRange(variant.CalculateSize(), 1, 0.7 * model.CalculateSize());
        Assert.InRange(Quantized.SqnrDb(model, variant, TransformerModel.Tokens()), 40, Agreement.LimitDb);
    }

    [Fact]
    public void Operators_and_subgraphs_without_half_precision_stay_float()
    {
        // A product whose result the branches of an If read from outside.
        ModelProto model = ConditionalModel.Build();
        model.Graph.Initializer.Add(Tensors.Create("before", [16, 16], (float[])Reference.Tensor("before", [16, 16], seed: 9, scale: 0.3f).Data));
        model.Graph.Input[0].Name = "raw";
        model.Graph.Node.Insert(0, Nodes.Create("MatMul", "first", ["raw", "before"], ["x"]));

        ModelProto variant = Make(model).Model;

        Assert.Equal(1, variant.Count("LSTM"));
        Assert.Equal((int)DataType.Float16, variant.Graph.Initializer.Single(tensor => tensor.Name.StartsWith("before", StringComparison.Ordinal)).DataType);
        NamedTensor[] inputs = [Reference.Tensor("raw", [5, 1, 16]), new NamedTensor("condition", [1], new[] { true })];
        Assert.InRange(Quantized.SqnrDb(model, variant, inputs), 45, Agreement.LimitDb);
    }

    [Fact]
    public void What_is_excluded_stays_float()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 3, 20);
        builder.Output(builder.Node("MatMul", [builder.Node("MatMul", [x, builder.Weights(20, 20)]), builder.Weights(20, 4)]));
        ModelProto model = builder.Build();
        model.Graph.Node[0].Name = "first";

        VariantBuild build = Make(model, "first");

        Assert.Single(build.Model.Graph.Initializer, tensor => tensor.DataType == (int)DataType.Float);
        Assert.InRange(Quantized.SqnrDb(model, build.Model, Reference.Tensor(x, [3, 20])), 45, Agreement.LimitDb);
    }

    [Fact]
    public void Constants_beyond_the_range_are_clamped_and_named()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4);
        string masked = builder.Node("Add", [builder.Node("MatMul", [x, builder.Weights(4, 4)]), builder.Constant([4], [0, float.MinValue, 0, float.NegativeInfinity])]);
        builder.Output(builder.Node("Softmax", [masked], Nodes.Attribute("axis", -1)));
        ModelProto model = builder.Build();
        string mask = model.Graph.Initializer[1].Name;

        VariantBuild build = Make(model);

        Assert.Equal([mask], build.Recipe["clamped"]!.AsArray().Select(name => (string)name!));
        Assert.InRange(Quantized.SqnrDb(model, build.Model, Reference.Tensor(x, [1, 4])), 45, Agreement.LimitDb);
    }

    [Fact]
    public void Operands_that_are_no_numbers_to_compute_with_are_left_alone()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 3, 8, 8);
        string resized = builder.Node("Resize", [builder.Conv(x, 4, 3, 3), "", builder.Constant([4], [1, 1, 2, 2])], Nodes.Attribute("mode", "linear"));
        resized = builder.Node("Add", [resized, builder.Node("ConstantOfShape", [builder.Node("Shape", [resized])])]);
        string padded = builder.Node("Pad", [resized, builder.Constant([0, 0, 1, 1, 0, 0, 1, 1]), builder.Constant([], [0.5f])]);
        string[] top = builder.Node("TopK", [padded, builder.Constant([2])], 2, Nodes.Attribute("axis", 1));
        builder.Output(builder.Conv(top[0], 2, 2, 1));
        builder.Output(top[1]);
        ModelProto model = builder.Build();

        Assert.InRange(Quantized.SqnrDb(model, Make(model).Model, Reference.Tensor(x, [1, 3, 8, 8])), 40, Agreement.LimitDb);
    }

    private static VariantBuild Make(ModelProto model, params string[] exclude) => Quantized.Variant(model, Variants.Float16, exclude);
}
