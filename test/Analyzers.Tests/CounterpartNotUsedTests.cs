using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Testing;

namespace Octet.Analyzers.Tests;

/// <summary>OCT0002: a float model is loaded although it has a quantized counterpart; which counterpart a path means.</summary>
public class CounterpartNotUsedTests
{
    private const string InModels = "MyApp.QuantizedModels.InModels";
    private const string InRoot = "MyApp.QuantizedModels.InRoot";
    private const string InBackup = "MyApp.QuantizedModels.InBackup";

    private static readonly ConsumerProject SameName = new()
    {
        Models = [("models/direction.onnx", InModels), ("direction.onnx", InRoot), ("backup/models/direction.onnx", InBackup)],
    };

    [Theory]
    [InlineData("models/direction.onnx", InModels)]
    [InlineData("direction.onnx", InRoot)]
    [InlineData("backup/models/direction.onnx", InBackup)]
    [InlineData("/opt/backup/models/direction.onnx", InBackup)]
    [InlineData("/opt/models/direction.onnx", InModels)]
    [InlineData("other/direction.onnx", InRoot)]
    public Task Names_the_model_with_the_longest_tail(string path, string shim) => SameName.Analyze(Loading(path), Expect(path, shim));

    [Fact]
    public Task Is_not_reported_when_several_models_fit_equally() =>
        new ConsumerProject { Models = [("a/direction.onnx", "MyApp.QuantizedModels.A"), ("b/direction.onnx", "MyApp.QuantizedModels.B")] }
            .Analyze(Loading("direction.onnx", isSilent: true));

    [Fact]
    public Task Is_reported_when_one_model_is_handed_over_twice() =>
        new ConsumerProject { Models = [("models/direction.onnx", InModels), ("models/direction.onnx", InModels)], HasShim = false }
            .Analyze(Loading("models/direction.onnx"), Expect("models/direction.onnx", InModels));

    [Theory]
    [InlineData("models/mydirection.onnx")]
    [InlineData("mymodels/direction.onnx")]
    [InlineData("models/Direction.onnx")]
    [InlineData("models/direction.onnx/direction2.onnx")]
    public Task Compares_whole_segments_and_their_case(string path) => ConsumerProject.WithDirection.Analyze(
        Loading(path), new DiagnosticResult(Rules.FloatModelLoadedId, DiagnosticSeverity.Info).WithLocation(0));

    [Theory]
    [InlineData("C:\\src\\app\\")]
    [InlineData("c:/src/app/")]
    [InlineData("\\\\server\\share\\app\\")]
    public Task Ignores_case_where_the_project_lies_on_Windows(string directory) =>
        new ConsumerProject { Models = [("Models\\direction.onnx", InModels)], ProjectDirectory = directory }
            .Analyze(Loading("models/Direction.onnx"), Expect("models/Direction.onnx", InModels));

    [Fact]
    public Task Names_the_model_below_a_Windows_project_by_its_relative_path() =>
        new ConsumerProject { Models = [("models/direction.onnx", InModels)], ProjectDirectory = "C:\\src\\app\\" }
            .Analyze(Loading("c:/src/App/models/direction.onnx"), Expect("models/direction.onnx", InModels));

    [Fact]
    public Task Is_reported_for_a_variant_that_is_itself_a_model_of_the_project() =>
        new ConsumerProject { Models = [("direction.int8.onnx", "MyApp.QuantizedModels.DirectionInt8")] }
            .Analyze(Loading("direction.int8.onnx"), Expect("direction.int8.onnx", "MyApp.QuantizedModels.DirectionInt8"));

    [Fact]
    public Task Is_reported_for_every_constructor() => ConsumerProject.WithDirection.Analyze("""
        using System.IO;
        using Microsoft.ML.OnnxRuntime;

        class C
        {
            private readonly InferenceSession _field = {|OCT0002:new("models/direction.onnx")|};

            void M(SessionOptions options, PrePackedWeightsContainer weights)
            {
                using var a = {|OCT0002:new InferenceSession("models/direction.onnx", weights)|};
                using var b = {|OCT0002:new InferenceSession("models/direction.onnx", options, weights)|};
                using var c = {|OCT0002:new InferenceSession(File.ReadAllBytes("models/direction.onnx"), options)|};
            }
        }
        """);

    [Fact]
    public Task Is_reported_in_top_level_statements() => ConsumerProject.WithDirection.Analyze("""
        using System;
        using System.IO;
        using Microsoft.ML.OnnxRuntime;

        var path = Path.Combine(AppContext.BaseDirectory, "models", "direction.onnx");
        using var session = {|OCT0002:new InferenceSession(path)|};
        session.Run();
        """);

    [Fact]
    public Task Is_not_reported_inside_the_shim() => ConsumerProject.WithDirection.Analyze("""
        namespace MyApp
        {
            internal static partial class QuantizedModels
            {
                public static object Float() => new Microsoft.ML.OnnxRuntime.InferenceSession("models/direction.onnx");
                private static class Nested { public static readonly object Other = new Microsoft.ML.OnnxRuntime.InferenceSession("other.onnx"); }
            }
        }
        """);

    [Fact]
    public Task Is_reported_in_a_class_that_only_shares_the_shims_name() => ConsumerProject.WithDirection.Analyze("""
        namespace Other
        {
            internal static class QuantizedModels
            {
                public static object Float() => {|OCT0002:new Microsoft.ML.OnnxRuntime.InferenceSession("models/direction.onnx")|};
            }
        }
        """);

    private static string Loading(string path, bool isSilent = false)
    {
        string creation = $"new InferenceSession(\"{path}\")";
        return $$"""
            using Microsoft.ML.OnnxRuntime;

            class C
            {
                object M() => {{(isSilent ? creation : $"{{|#0:{creation}|}}")}};
            }
            """;
    }

    private static DiagnosticResult Expect(string name, string shim) =>
        new DiagnosticResult(Rules.CounterpartNotUsed).WithLocation(0)
            .WithMessage($"The float model '{name}' has a quantized counterpart that this code does not use; open it with {shim}.CreateSession");
}
