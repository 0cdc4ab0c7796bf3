using System.Globalization;
using Microsoft.CodeAnalysis.Testing;

namespace Octet.Analyzers.Tests;

/// <summary>OCT0001: a float model without a quantized counterpart is loaded.</summary>
public class FloatModelLoadedTests
{
    private const string AddItem = """
        to let the build make one and prove that it is faster, add <QuantizeModel Include="{0}" CalibrationData="calibration/*.png" /> to an ItemGroup of the project
        """;

    private const string EnableAndAddItem = """
        to let the build make one and prove that it is faster, set <QuantizeModels>true</QuantizeModels> in a PropertyGroup and add <QuantizeModel Include="{0}" CalibrationData="calibration/*.png" /> to an ItemGroup of the project
        """;

    [Fact]
    public Task Tells_the_item_line() =>
        ConsumerProject.WithoutModels.Analyze(Loading("\"models/direction.onnx\""), Expect("models/direction.onnx", AddItem));

    [Theory]
    [InlineData("")]
    [InlineData("false")]
    public Task Tells_the_property_too_where_it_is_not_true(string quantizeModels) =>
        new ConsumerProject { QuantizeModels = quantizeModels }.Analyze(Loading("\"models/direction.onnx\""), Expect("models/direction.onnx", EnableAndAddItem));

    [Theory]
    [InlineData("\".\\\\models\\\\direction.onnx\"", "models/direction.onnx")]
    [InlineData("\"../../../models/direction.onnx\"", "models/direction.onnx")]
    [InlineData("Path.Combine(AppContext.BaseDirectory, \"models\", \"direction.onnx\")", "models/direction.onnx")]
    [InlineData("\"/src/app/models/direction.onnx\"", "models/direction.onnx")]
    [InlineData("\"/src/application/models/direction.onnx\"", "/src/application/models/direction.onnx")]
    [InlineData("\"/opt/models/direction.onnx\"", "/opt/models/direction.onnx")]
    [InlineData("\"src/app/models/direction.onnx\"", "src/app/models/direction.onnx")]
    [InlineData("Path.Combine(\"src\", \"/opt/models/direction.onnx\")", "/opt/models/direction.onnx")]
    [InlineData("Path.Combine(\"src\", \"C:/models/direction.onnx\")", "C:/models/direction.onnx")]
    [InlineData("Path.Join(\"src\", \"/opt/models/direction.onnx\")", "src/opt/models/direction.onnx")]
    [InlineData("\"models/MODEL.ONNX\"", "models/MODEL.ONNX")]
    public Task Names_the_model_as_the_project_file_would(string path, string name) =>
        ConsumerProject.WithoutModels.Analyze(Loading(path), Expect(name, AddItem));

    [Fact]
    public Task Escapes_the_item_line() =>
        ConsumerProject.WithoutModels.Analyze(Loading("\"cats & dogs.onnx\""), Expect("cats & dogs.onnx", AddItem, "cats &amp; dogs.onnx"));

    [Fact]
    public Task Is_reported_for_every_constructor() => ConsumerProject.WithoutModels.Analyze("""
        using System.IO;
        using Microsoft.ML.OnnxRuntime;

        class C
        {
            private readonly InferenceSession _field = {|OCT0001:new("a.onnx")|};
            private static InferenceSession Property { get; } = {|OCT0001:new("b.onnx", new SessionOptions())|};

            void M(SessionOptions options, PrePackedWeightsContainer weights)
            {
                using var c = {|OCT0001:new InferenceSession("c.onnx", weights)|};
                using var d = {|OCT0001:new InferenceSession("d.onnx", options, weights)|};
                using var e = {|OCT0001:new InferenceSession(File.ReadAllBytes("e.onnx"))|};
                using var f = {|OCT0001:new InferenceSession(File.ReadAllBytes("f.onnx"), options, weights)|};
                using var g = {|OCT0001:new InferenceSession(options: options, modelPath: "g.onnx")|};
                System.Func<InferenceSession> h = () => {|OCT0001:new InferenceSession("h.onnx")|};
            }
        }
        """);

    [Fact]
    public Task Is_reported_in_top_level_statements() => ConsumerProject.WithoutModels.Analyze("""
        using Microsoft.ML.OnnxRuntime;

        string path = "models/direction.onnx";
        using var session = {|OCT0001:new InferenceSession(path)|};
        session.Run();
        """);

    [Fact]
    public Task Is_reported_for_a_model_the_project_does_not_quantize() =>
        ConsumerProject.WithDirection.Analyze(Expression("{|OCT0001:new InferenceSession(\"models/face.onnx\")|}"));

    [Theory]
    [InlineData("models/direction.int8.onnx")]
    [InlineData("models/direction.int8-portable.onnx")]
    [InlineData("models/direction.int8-dynamic.onnx")]
    [InlineData("models/direction.int8-weights.onnx")]
    [InlineData("models/direction.int4-weights.onnx")]
    [InlineData("models/direction.float16.onnx")]
    [InlineData("direction.INT8.onnx")]
    public async Task Is_not_reported_for_a_variant(string path)
    {
        await new ConsumerProject { Models = ConsumerProject.WithDirection.Models }.Analyze(Expression($"new InferenceSession(\"{path}\")"));
        await ConsumerProject.WithoutModels.Analyze(Expression($"new InferenceSession(\"{path}\")"));
    }

    [Theory]
    [InlineData("int8.onnx")]
    [InlineData("directionint8.onnx")]
    [InlineData("direction.float.onnx")]
    [InlineData("direction.int8.v2.onnx")]
    public Task Is_reported_for_what_only_resembles_a_variant(string path) =>
        ConsumerProject.WithoutModels.Analyze(Expression($"{{|OCT0001:new InferenceSession(\"{path}\")|}}"));

    [Fact]
    public Task Is_not_reported_for_a_model_that_is_quantized_without_a_shim() =>
        new ConsumerProject { Models = [("models/direction.onnx", "")] }
            .Analyze(Expression("new InferenceSession(\"models/direction.onnx\")"));

    [Fact]
    public Task Is_not_reported_in_generated_code() => ConsumerProject.WithoutModels.Analyze("""
        // <auto-generated/>
        class C { object M() => new Microsoft.ML.OnnxRuntime.InferenceSession("models/direction.onnx"); }
        """);

    [Fact]
    public Task Is_not_reported_for_a_type_marked_as_generated() => ConsumerProject.WithoutModels.Analyze("""
        [System.CodeDom.Compiler.GeneratedCode("tool", "1.0")]
        class C { object M() => new Microsoft.ML.OnnxRuntime.InferenceSession("models/direction.onnx"); }
        """);

    private static string Loading(string path) => Expression($"{{|#0:new InferenceSession({path})|}}");

    private static string Expression(string expression) => $$"""
        using System;
        using System.IO;
        using Microsoft.ML.OnnxRuntime;

        class C
        {
            object M() => {{expression}};
        }
        """;

    private static DiagnosticResult Expect(string name, string advice, string? include = null)
    {
        string filled = string.Format(CultureInfo.InvariantCulture, advice, include ?? name);
        return new DiagnosticResult(Rules.FloatModelLoaded).WithLocation(0)
            .WithMessage($"The float model '{name}' has no quantized counterpart; {filled}");
    }
}
