using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Quantization.Tests.Pipeline;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Preparation;

public sealed class OptionalPassesTests
{
    [Theory]
    [MemberData(nameof(CorpusTests.Models), MemberType = typeof(CorpusTests))]
    public void Each_pass_leaves_the_outputs_of_real_models_as_they_are(string name)
    {
        RealModel real = RealModel.All.Single(model => model.Name == name);
        NamedTensor picture = real.Picture(seed: 0);
        ModelProto model = WithShape(PreparationPipeline.Run(OnnxFile.Read(real.Path), real.Path), real.Shape);
        foreach (OptionalPass pass in OptionalPasses.All)
        {
            ModelProto before = model.Clone();
            ModelProto rewritten = pass.Apply(model);
            Assert.Equal(before, model);
            if (!ReferenceEquals(model, rewritten))
                Reference.AssertEqual(model, rewritten, picture);
            Assert.Equal(rewritten.Graph.Node.Count, rewritten.Graph.Node.Select(node => node.Name).Distinct().Count());
            model = rewritten;
        }
    }

    [Fact]
    public void A_model_without_anything_to_rewrite_is_returned_itself()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", -1, 16, 12, 12);
        string y = builder.Node("Relu", [builder.Conv(builder.Node("Relu", [builder.Conv(x, 8, 16, 3)]), 8, 8, 3, stride: 2)]);
        builder.Output(builder.Node("Add", [builder.Node("MaxPool", [y], Nodes.Attribute("kernel_shape", [2L, 2])), builder.Node("AveragePool", [y], Nodes.Attribute("kernel_shape", [2L, 2]))]));
        ModelProto model = PreparationPipeline.Run(builder.Build(), "test.onnx");

        Assert.All(OptionalPasses.All, pass => Assert.Same(model, pass.Apply(model)));
    }

    [Fact]
    public void Every_pass_has_a_name_of_its_own() =>
        Assert.Equal(OptionalPasses.All.Length, OptionalPasses.All.Select(pass => pass.Name).Distinct().Count());

    // Passes look at extents that the model fixes.
    private static ModelProto WithShape(ModelProto model, long[] shape)
    {
        for (int axis = 1; axis < shape.Length; axis++)
            model.Graph.Input[0].Type.TensorType.Shape.Dim[axis] = new TensorShapeProto.Types.Dimension { DimValue = shape[axis] };
        return model;
    }
}
