using Microsoft.CodeAnalysis.Testing;

namespace Octet.Analyzers.Tests;

/// <summary>OCT0004: a variant is loaded by its path though the build found it slower or inaccurate.</summary>
public class LosingVariantTests
{
    private const string InA = "a\tint8\t\t\ta/direction.onnx\tfloat=baseline,int8=faster\n";
    private const string InB = "b\tfloat\t\t\tb/direction.onnx\tfloat=baseline,int8=slower\n";

    [Theory]
    [InlineData("models/direction.int8-dynamic.onnx", "slower")]
    [InlineData("models/direction.int4-weights.onnx", "inaccurate")]
    [InlineData("/opt/app/models/direction.int8-dynamic.onnx", "slower")]
    public Task Tells_the_verdict_and_the_member(string path, string verdict) => ConsumerProject.WithDirection.Analyze(
        $"using Microsoft.ML.OnnxRuntime;\nusing var session = {{|#0:new InferenceSession(\"{path}\")|}};\n",
        new DiagnosticResult(Rules.LosingVariantLoaded).WithLocation(0).WithMessage(
            $"The build found the variant '{path}' {verdict}, but this code opens it by its path; "
            + "open the model with MyApp.QuantizedModels.Direction.CreateSession, which runs only what is faster and still right"));

    [Theory]
    [InlineData("models/direction.int8.onnx")]
    [InlineData("models/direction.float16.onnx")]
    [InlineData("models/face.int8-dynamic.onnx")]
    [InlineData("direction.float.onnx.int8-dynamic.onnx")]
    public Task Is_not_reported_for_a_variant_that_won_or_that_nothing_is_known_of(string path) => ConsumerProject.WithDirection.Analyze(
        $"using Microsoft.ML.OnnxRuntime;\nusing var session = new InferenceSession(\"{path}\");\n");

    [Theory]
    [InlineData("")]
    [InlineData("direction\tint8\tx\ty\n")]
    [InlineData("direction\tint8\tx\ty\tmodels/direction.onnx\tsomething\n\n")]
    public Task Needs_the_builds_verdict(string facts) => new ConsumerProject { Models = ConsumerProject.WithDirection.Models, Facts = facts }.Analyze(
        "using Microsoft.ML.OnnxRuntime;\nusing var session = new InferenceSession(\"models/direction.int8-dynamic.onnx\");\n");

    [Fact]
    public Task Tells_models_of_one_name_apart() => new ConsumerProject
    {
        Models = [("a/direction.onnx", "MyApp.QuantizedModels.A"), ("b/direction.onnx", "MyApp.QuantizedModels.B")],
        Facts = InA + InB,
    }.Analyze("""
        using Microsoft.ML.OnnxRuntime;

        using var a = new InferenceSession("a/direction.int8.onnx");
        using var b = {|OCT0004:new InferenceSession("b/direction.int8.onnx")|};
        using var either = new InferenceSession("direction.int8.onnx");
        """);

    [Fact]
    public Task The_fix_opens_the_model_through_its_member() => ConsumerProject.WithDirection.Fix("""
        using System.IO;
        using Microsoft.ML.OnnxRuntime;

        namespace MyApp;

        class C
        {
            private readonly InferenceSession _session = {|OCT0004:new("models/direction.int4-weights.onnx", new SessionOptions { IntraOpNumThreads = 1 })|};
            private readonly InferenceSession _other = {|OCT0004:new InferenceSession(File.ReadAllBytes("models/direction.int8-dynamic.onnx"))|};
        }
        """, """
        using System.IO;
        using Microsoft.ML.OnnxRuntime;

        namespace MyApp;

        class C
        {
            private readonly InferenceSession _session = QuantizedModels.Direction.CreateSession(new SessionOptions { IntraOpNumThreads = 1 });
            private readonly InferenceSession _other = QuantizedModels.Direction.CreateSession();
        }
        """);
}
