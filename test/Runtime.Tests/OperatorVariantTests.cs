using Microsoft.ML.OnnxRuntime;

namespace Octet.Runtime.Tests;

/// <summary>A variant with operators of ours: registered where it is opened, out where that cannot be.</summary>
public sealed class OperatorVariantTests : IDisposable
{
    private readonly ModelFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_operators_are_registered_without_options()
    {
        QuantizedModel model = _folder.AddOperatorVariant("int8").WriteManifest().Open();

        using InferenceSession session = model.CreateSession();

        Assert.Equal("int8", model.Selection.Variant);
        Assert.True(model.Selection.CustomOperators);
        Assert.Equal(CandidateState.Measured, model.Selection.Candidates[1].State);
        Assert.Equal([1.5f, 1, -16.5f], Run(session));
    }

    [Fact]
    public void Options_of_the_caller_may_be_used_again_and_registered_before()
    {
        QuantizedModel model = _folder.AddOperatorVariant("int8").WriteManifest().Open();
        using var options = new SessionOptions { IntraOpNumThreads = 1 };
        QuantizedOperators.Register(options);

        for (int i = 0; i < 3; i++)
        {
            using InferenceSession session = model.CreateSession(options);
            Assert.Equal([1.5f, 1, -16.5f], Run(session));
        }
        Assert.Equal("int8", model.Selection.Variant);
    }

    [Fact]
    public void A_variant_without_them_is_opened_without_them()
    {
        QuantizedModel model = _folder.AddVariant("int8").WriteManifest().Open();
        Assert.False(model.Selection.CustomOperators);
        using InferenceSession session = model.CreateSession();
        Assert.Equal(3, Run(session).Length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Where_registering_fails_another_variant_runs_and_the_reason_is_told(bool measure)
    {
        _folder.AddVariant("int8-portable").AddOperatorVariant("int8").WriteManifest();
        QuantizedModel model = _folder.Open(settings => settings with { Measure = measure, OperatorsFault = static () => "this is ONNX Runtime 1.17" });

        using InferenceSession session = model.CreateSession();

        Assert.Equal(measure ? "int8-portable" : "float", model.Selection.Variant);
        Assert.Equal(CandidateState.Failed, model.Selection.Candidates[2].State);
        Assert.Equal("this is ONNX Runtime 1.17", model.Selection.Candidates[2].Reason);
        Assert.Equal(measure ? 2 : 0, _folder.Racers);
    }

    [Fact]
    public void A_pinned_variant_that_cannot_be_registered_gives_way()
    {
        _folder.AddOperatorVariant("int8").WriteManifest();
        Selection selection = _folder.Select(settings => settings with { Pin = "int8", OperatorsFault = static () => "no operators here" });
        Assert.Equal("float", selection.Variant);
        Assert.Contains("no operators here", selection.Reason);
    }

    [Fact]
    public void A_manifest_that_forgets_the_flag_ends_in_the_float_model()
    {
        _folder.AddOperatorVariant("int8");
        _folder.ChangeVariant("int8", variant => variant with { CustomOperators = false });
        QuantizedModel model = _folder.WriteManifest().Open(settings => settings with { Measure = false });

        using InferenceSession session = model.CreateSession();

        Assert.Equal([1.5f, 1, -16.5f], Run(session));
        Assert.Equal("float", model.Selection.Variant);
        Assert.Contains("LookupTable", model.Selection.Reason);
    }

    [Fact]
    public void Register_for_a_file_registers_what_it_needs()
    {
        _folder.AddOperatorVariant("int8");
        foreach (string file in new[] { "m.onnx", "m.int8.onnx" })
        {
            using var options = new SessionOptions();
            QuantizedOperators.RegisterFor(options, _folder.FileOf(file));
            using var session = new InferenceSession(_folder.FileOf(file), options);
            Assert.Equal([1.5f, 1, -16.5f], Run(session));
        }
        // What is no model is ONNX Runtime's to complain about.
        using var unused = new SessionOptions();
        QuantizedOperators.RegisterFor(unused, _folder.FileOf("none.onnx"));
        File.WriteAllText(_folder.FileOf("text.onnx"), "no model");
        QuantizedOperators.RegisterFor(unused, _folder.FileOf("text.onnx"));
        Assert.Null(QuantizedOperators.FindFault());
    }

    private static float[] Run(InferenceSession session) =>
        (float[])OperatorSession.Run(session, Tensors.Floats("x", [1, 2, -1, 0.5f]))[0].Data;
}
