using Microsoft.CodeAnalysis.Testing;

namespace Octet.Analyzers.Tests;

/// <summary>OCT0003: a quantized model runs without integer kernels.</summary>
public class FakeQuantizationTests
{
    [Theory]
    [InlineData("GraphOptimizationLevel.ORT_DISABLE_ALL")]
    [InlineData("GraphOptimizationLevel.ORT_ENABLE_BASIC")]
    public Task Tells_the_level_that_is_too_low(string level) => Analyze(
        $"var options = new SessionOptions {{ GraphOptimizationLevel = {level} }}; using var session = {{|#0:new InferenceSession(\"models/direction.int8.onnx\", options)|}};",
        new DiagnosticResult(Rules.FakeQuantization).WithLocation(0).WithMessage(
            "The quantized model 'models/direction.int8.onnx' runs in float here, slower than the float model: "
            + $"with {level} ONNX Runtime does not fuse its conversions into integer kernels; set GraphOptimizationLevel to ORT_ENABLE_ALL")
            .WithOptions(DiagnosticOptions.IgnoreAdditionalLocations));

    [Fact]
    public Task Tells_the_provider_without_integer_kernels() => Analyze(
        "var options = new SessionOptions(); options.AppendExecutionProvider_CUDA(); using var session = {|#0:MyApp.QuantizedModels.Direction.CreateSession(options)|};",
        new DiagnosticResult(Rules.FakeQuantization).WithLocation(0).WithMessage(
            "The quantized model 'MyApp.QuantizedModels.Direction' runs in float here, slower than the float model: "
            + "the execution provider CUDA has no integer kernels for it; open the float model with that provider, or run the quantized one on the CPU")
            .WithOptions(DiagnosticOptions.IgnoreAdditionalLocations));

    [Theory]
    [InlineData("var s = {|OCT0003:new InferenceSession(\"direction.int8-portable.onnx\", new SessionOptions { GraphOptimizationLevel = 0 })|};")]
    [InlineData("var s = {|OCT0003:new InferenceSession(File.ReadAllBytes(\"direction.int8.onnx\"), Lowered)|};")]
    [InlineData("var s = {|OCT0003:new InferenceSession(\"direction.int8.onnx\", LoweredOnce)|};")]
    [InlineData("SessionOptions o; o = new(); o.GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL; var s = {|OCT0003:new InferenceSession(\"direction.int8.onnx\", o)|};")]
    [InlineData("using var o = new SessionOptions(); o.AppendExecutionProvider(\"CoreML\"); var s = {|OCT0003:new InferenceSession(\"direction.int8.onnx\", o)|};")]
    [InlineData("var s = {|OCT0003:new InferenceSession(\"direction.int8.onnx\", SessionOptions.MakeSessionOptionWithCudaProvider(0))|};")]
    [InlineData("using var o = SessionOptions.MakeSessionOptionWithCudaProvider(); var s = {|OCT0003:new InferenceSession(\"direction.int8.onnx\", o)|};")]
    [InlineData("var o = new SessionOptions { GraphOptimizationLevel = 0 }; var s = {|OCT0003:new InferenceSession(\"a.int8.onnx\", o)|}; var t = {|OCT0003:new InferenceSession(\"b.int8.onnx\", o)|};")]
    public Task Is_reported(string statements) => Analyze(statements);

    [Theory]
    [InlineData("var s = new InferenceSession(\"direction.int8.onnx\");")]
    [InlineData("var s = new InferenceSession(\"direction.int8.onnx\", new SessionOptions { IntraOpNumThreads = 1 });")]
    [InlineData("var s = new InferenceSession(\"direction.int8.onnx\", new SessionOptions { GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_EXTENDED });")]
    [InlineData("var s = new InferenceSession(\"direction.onnx\", Lowered);")]
    [InlineData("var s = new InferenceSession(\"direction.float16.onnx\", Lowered);")]
    [InlineData("var s = new InferenceSession(\"direction.int4-weights.onnx\", Lowered);")]
    [InlineData("var s = new InferenceSession(folder, Lowered);")]
    [InlineData("var s = new InferenceSession(\"direction.int8.onnx\", Public);")]
    [InlineData("var s = new InferenceSession(\"direction.int8.onnx\", given);")]
    [InlineData("var s = new InferenceSession(\"direction.int8.onnx\", (SessionOptions)null);")]
    [InlineData("var o = new SessionOptions(); o.AppendExecutionProvider_CPU(); o.AppendExecutionProvider(\"OpenVINO\"); var s = new InferenceSession(\"direction.int8.onnx\", o);")]
    [InlineData("var o = new SessionOptions(); if (folder == \"\") o.GraphOptimizationLevel = 0; var s = new InferenceSession(\"direction.int8.onnx\", o);")]
    [InlineData("var o = new SessionOptions(); if (folder == \"\") o.AppendExecutionProvider_CUDA(); var s = new InferenceSession(\"direction.int8.onnx\", o);")]
    [InlineData("var o = new SessionOptions { GraphOptimizationLevel = 0 }; o.GraphOptimizationLevel = given.GraphOptimizationLevel; var s = new InferenceSession(\"direction.int8.onnx\", o);")]
    [InlineData("var o = new SessionOptions { GraphOptimizationLevel = 0 }; Change(o); var s = new InferenceSession(\"direction.int8.onnx\", o);")]
    [InlineData("var o = new SessionOptions { GraphOptimizationLevel = given.GraphOptimizationLevel }; var s = new InferenceSession(\"direction.int8.onnx\", o);")]
    public Task Is_not_guessed_at(string statements) => Analyze(statements);

    [Fact]
    public Task Is_not_looked_for_where_OnnxRuntime_is_absent() => new ConsumerProject { HasOnnxRuntime = false }.Analyze<FakeQuantizationAnalyzer>("""
        class InferenceSession { public InferenceSession(string path, int level) { } }
        class C { object M() => new InferenceSession("direction.int8.onnx", 0); }
        """);

    [Fact]
    public Task The_fix_raises_every_level_where_it_is_set() => ConsumerProject.WithDirection.Fix<FakeQuantizationAnalyzer, GraphOptimizationLevelCodeFixProvider>("""
        using Microsoft.ML.OnnxRuntime;
        using static Microsoft.ML.OnnxRuntime.GraphOptimizationLevel;

        class C
        {
            private readonly SessionOptions _options = new() { GraphOptimizationLevel = /* for a test */ GraphOptimizationLevel.ORT_DISABLE_ALL };

            void M()
            {
                using var a = {|OCT0003:new InferenceSession("a.int8.onnx", _options)|};
                using var b = {|OCT0003:MyApp.QuantizedModels.Direction.CreateSession(_options)|};
                var options = new SessionOptions();
                options.GraphOptimizationLevel = ORT_ENABLE_BASIC; // faster to load
                using var c = {|OCT0003:new InferenceSession("c.int8.onnx", options)|};
            }
        }
        """, """
        using Microsoft.ML.OnnxRuntime;
        using static Microsoft.ML.OnnxRuntime.GraphOptimizationLevel;

        class C
        {
            private readonly SessionOptions _options = new() { GraphOptimizationLevel = /* for a test */ GraphOptimizationLevel.ORT_ENABLE_ALL };

            void M()
            {
                using var a = new InferenceSession("a.int8.onnx", _options);
                using var b = MyApp.QuantizedModels.Direction.CreateSession(_options);
                var options = new SessionOptions();
                options.GraphOptimizationLevel = ORT_ENABLE_ALL; // faster to load
                using var c = new InferenceSession("c.int8.onnx", options);
            }
        }
        """);

    [Theory]
    [InlineData("new SessionOptions { GraphOptimizationLevel = Level }")]
    [InlineData("SessionOptions.MakeSessionOptionWithCudaProvider()")]
    public Task The_fix_is_not_offered_where_there_is_no_level_to_raise(string options) =>
        ConsumerProject.WithDirection.HasNoFix<FakeQuantizationAnalyzer, GraphOptimizationLevelCodeFixProvider>($$"""
            using Microsoft.ML.OnnxRuntime;

            class C
            {
                const GraphOptimizationLevel Level = GraphOptimizationLevel.ORT_DISABLE_ALL;
                object M() => {|OCT0003:new InferenceSession("direction.int8.onnx", {{options}})|};
            }
            """);

    private static Task Analyze(string statements, params DiagnosticResult[] expected) =>
        ConsumerProject.WithDirection.Analyze<FakeQuantizationAnalyzer>($$"""
            using System.IO;
            using Microsoft.ML.OnnxRuntime;

            class C
            {
                private readonly SessionOptions Lowered = new() { GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL };
                private static readonly SessionOptions LoweredOnce = new SessionOptions { GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_BASIC };
                public static readonly SessionOptions Public = new() { GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL };

                void M(string folder, SessionOptions given)
                {
                    {{statements}}
                }

                static void Change(SessionOptions options) => options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL;
            }
            """, expected);
}
