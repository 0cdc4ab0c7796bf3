using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Quantization.Tests.Pipeline;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Preparation;

public sealed class PreparationPipelineTests
{
    [Theory]
    [MemberData(nameof(CorpusTests.Models), MemberType = typeof(CorpusTests))]
    public void Every_pass_leaves_the_outputs_of_real_models_as_they_are(string name)
    {
        RealModel model = RealModel.All.Single(model => model.Name == name);
        ModelProto original = OnnxFile.Read(model.Path);
        NamedTensor picture = model.Picture(seed: 0);

        foreach (PreparationPipeline.Pass pass in PreparationPipeline.Passes)
        {
            ModelProto prepared = pass.Apply(original);
            Reference.AssertEqual(original, prepared, picture);
            original = prepared;
        }
        Assert.Equal(0, original.Count("BatchNormalization"));
    }

    [Fact]
    public void A_second_run_finds_nothing_more()
    {
        ModelProto once = PreparationPipeline.Run(OnnxFile.Read(RoundTripTests.TestAsset("models/direction.onnx")), "direction.onnx");

        ModelProto twice = PreparationPipeline.Run(once, "direction.onnx");

        Assert.Equal(once.Graph.Node, twice.Graph.Node);
        Assert.Equal(once.Graph.Initializer, twice.Graph.Initializer);
    }

    [Fact]
    public void The_model_that_came_is_left_as_it_is()
    {
        ModelProto model = OnnxFile.Read(RoundTripTests.TestAsset("models/direction.onnx"));
        ModelProto copy = model.Clone();

        PreparationPipeline.Run(model, "direction.onnx");

        Assert.Equal(copy, model);
    }
}
