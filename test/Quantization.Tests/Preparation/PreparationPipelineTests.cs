using System.Collections.Immutable;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Measurement;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Tests.Preparation;

public sealed class PreparationPipelineTests
{
    // What the models' dynamic inputs are fed with where they are used.
    private static readonly ImmutableDictionary<string, ImmutableArray<long>> Shapes = ImmutableDictionary<string, ImmutableArray<long>>.Empty.Add("x", [1, 3, 48, 192]);

    [Fact]
    public void Each_pass_leaves_the_outputs_of_a_real_model_as_they_are()
    {
        string path = RoundTripTests.TestAsset("models/direction.onnx");
        ModelProto original = OnnxFile.Read(path);
        using ModelSession session = new(path, threads: 1);
        using Samples samples = Samples.Generate(TensorSignature.Inputs(session, Shapes, path), 1)!;
        Sample sample = samples.Read(0)!;

        foreach (PreparationPipeline.Pass pass in PreparationPipeline.Passes)
        {
            ModelProto prepared = pass.Apply(original);
            Reference.AssertEqual(original, prepared, [.. sample.Inputs]);
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
