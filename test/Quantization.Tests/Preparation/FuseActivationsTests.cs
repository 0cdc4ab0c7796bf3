using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Tests.Preparation;

public sealed class FuseActivationsTests
{
    public static TheoryData<bool, bool, bool, string> Spellings()
    {
        TheoryData<bool, bool, bool, string> spellings = [];
        foreach (bool divideFirst in new[] { false, true })
            foreach (bool byDivision in new[] { false, true })
                foreach (bool swapped in new[] { false, true })
                    foreach (string clamp in new[] { "Clip", "Max, Min", "Min, Max" })
                        spellings.Add(divideFirst, byDivision, swapped, clamp);
        return spellings;
    }

    [Theory]
    [MemberData(nameof(Spellings))]
    public void Hard_swish_is_recognised_however_it_is_spelled(bool divideFirst, bool byDivision, bool swapped, string clamp)
    {
        GraphBuilder builder = new(opset: 14);
        string x = builder.Input("x", 2, 9);
        string Times(string value) => builder.Node("Mul", swapped ? [value, x] : [x, value]);
        string Sixth(string value) => Divided(builder, value, 6, byDivision);
        string clamped = Clamped(builder, builder.Node("Add", swapped ? [Number(builder, 3), x] : [x, Number(builder, 3)]), 0, 6, clamp);
        builder.Output(divideFirst ? Times(Sixth(clamped)) : Sixth(Times(clamped)), 2, 9);
        ModelProto model = builder.Build();

        ModelProto result = FuseHardSwish.Apply(FuseHardSigmoid.Apply(model));

        Assert.Equal("HardSwish", Assert.Single(result.Graph.Node).OpType);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 9], scale: 8));
    }

    [Theory]
    [InlineData(3, 0, 6, 6, true)]
    [InlineData(3, 0, 6, 6, false)]
    [InlineData(2.5f, 0, 5, 5, true)]
    public void Hard_sigmoid_is_recognised(float shift, float low, float high, float divisor, bool byDivision)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 2, 9);
        builder.Output(Divided(builder, Clamped(builder, builder.Node("Sub", [x, Number(builder, -shift)]), low, high, "Clip"), divisor, byDivision), 2, 9);
        ModelProto model = builder.Build();

        ModelProto result = FuseHardSigmoid.Apply(model);

        Assert.Equal("HardSigmoid", Assert.Single(result.Graph.Node).OpType);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 9], scale: 8));
    }

    [Fact]
    public void Hard_sigmoid_is_recognised_where_it_scales_first()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 2, 9);
        string scaled = builder.Node("Mul", [Number(builder, 0.2f), x]);
        builder.Output(Clamped(builder, builder.Node("Add", [scaled, Number(builder, 0.5f)]), 0, 1, "Clip"), 2, 9);
        ModelProto model = builder.Build();

        ModelProto result = FuseHardSigmoid.Apply(model);

        Assert.Equal("HardSigmoid", Assert.Single(result.Graph.Node).OpType);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 9], scale: 8));
    }

    [Theory]
    [InlineData(3, 0, 5, 6)]
    [InlineData(2, 0, 6, 6)]
    [InlineData(3, -1, 6, 6)]
    public void What_only_looks_like_hard_swish_stays(float shift, float low, float high, float divisor)
    {
        GraphBuilder builder = new(opset: 14);
        string x = builder.Input("x", 2, 9);
        string clamped = Clamped(builder, builder.Node("Add", [x, Number(builder, shift)]), low, high, "Clip");
        builder.Output(Divided(builder, builder.Node("Mul", [clamped, x]), divisor, true), 2, 9);

        Assert.Equal(0, FuseHardSwish.Apply(FuseHardSigmoid.Apply(builder.Build())).Count("HardSwish"));
    }

    public static TheoryData<int, string, bool, bool> GeluSpellings()
    {
        TheoryData<int, string, bool, bool> spellings = [];
        foreach (int opset in new[] { 13, 20 })
            foreach (string form in new[] { "(x/2)*s", "(x*s)/2", "x*(s/2)" })
                foreach (bool byDivision in new[] { false, true })
                    foreach (bool swapped in new[] { false, true })
                        spellings.Add(opset, form, byDivision, swapped);
        return spellings;
    }

    [Theory]
    [MemberData(nameof(GeluSpellings))]
    public void Gelu_is_recognised_however_it_is_spelled(int opset, string form, bool byDivision, bool swapped)
    {
        GraphBuilder builder = new(opset);
        string x = builder.Input("x", 2, 9);
        string Times(string left, string right) => builder.Node("Mul", swapped ? [right, left] : [left, right]);
        string Half(string value) => Divided(builder, value, 2, byDivision);
        string erf = builder.Node("Erf", [Divided(builder, x, MathF.Sqrt(2), byDivision)]);
        string sum = builder.Node("Add", swapped ? [Number(builder, 1), erf] : [erf, Number(builder, 1)]);
        builder.Output(form switch { "(x/2)*s" => Times(Half(x), sum), "(x*s)/2" => Half(Times(x, sum)), _ => Times(x, Half(sum)) }, 2, 9);
        ModelProto model = builder.Build();

        ModelProto result = FuseGelu.Apply(model);

        NodeProto gelu = Assert.Single(result.Graph.Node);
        Assert.Equal("Gelu", gelu.OpType);
        Assert.Equal(opset >= 20 ? "" : "com.microsoft", gelu.Domain);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 9], scale: 4));
    }

    [Fact]
    public void What_only_looks_like_gelu_stays()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 2, 9);
        string sum = builder.Node("Add", [builder.Node("Erf", [Divided(builder, x, 1.5f, true)]), Number(builder, 1)]);
        builder.Output(builder.Node("Mul", [Divided(builder, x, 2, true), sum]), 2, 9);

        Assert.Equal(0, FuseGelu.Apply(builder.Build()).Count("Gelu"));
    }

    [Fact]
    public void A_part_that_is_read_elsewhere_stays()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 2, 9);
        string erf = builder.Node("Erf", [Divided(builder, x, MathF.Sqrt(2), true)]);
        string sum = builder.Node("Add", [erf, Number(builder, 1)]);
        builder.Output(builder.Node("Mul", [Divided(builder, x, 2, true), sum]), 2, 9);
        builder.Output(erf, 2, 9);

        Assert.Equal(1, FuseGelu.Apply(builder.Build()).Count("Erf"));
    }

    private static string Number(GraphBuilder builder, float value) => builder.Constant([], [value]);

    private static string Divided(GraphBuilder builder, string value, float divisor, bool byDivision) =>
        byDivision ? builder.Node("Div", [value, Number(builder, divisor)]) : builder.Node("Mul", [value, Number(builder, 1 / divisor)]);

    private static string Clamped(GraphBuilder builder, string value, float low, float high, string spelling) => spelling switch
    {
        "Clip" => builder.Node("Clip", [value, Number(builder, low), Number(builder, high)]),
        "Max, Min" => builder.Node("Min", [builder.Node("Max", [value, Number(builder, low)]), Number(builder, high)]),
        _ => builder.Node("Max", [Number(builder, low), builder.Node("Min", [value, Number(builder, high)])]),
    };
}
