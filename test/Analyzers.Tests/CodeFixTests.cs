namespace Octet.Analyzers.Tests;

/// <summary>The code fix of OCT0002.</summary>
public class CodeFixTests
{
    [Fact]
    public Task Writes_the_short_name_where_the_namespace_is_in_scope() => ConsumerProject.WithDirection.Fix("""
        using Microsoft.ML.OnnxRuntime;

        namespace MyApp.Inference;

        class C
        {
            void M(SessionOptions options)
            {
                using var session = {|OCT0002:new InferenceSession("models/direction.onnx", options)|};
            }
        }
        """, """
        using Microsoft.ML.OnnxRuntime;

        namespace MyApp.Inference;

        class C
        {
            void M(SessionOptions options)
            {
                using var session = QuantizedModels.Direction.CreateSession(options);
            }
        }
        """);

    [Fact]
    public Task Writes_the_short_name_where_the_namespace_is_imported() => ConsumerProject.WithDirection.Fix("""
        using Microsoft.ML.OnnxRuntime;
        using MyApp;

        using var session = {|OCT0002:new InferenceSession("models/direction.onnx")|};
        """, """
        using Microsoft.ML.OnnxRuntime;
        using MyApp;

        using var session = QuantizedModels.Direction.CreateSession();
        """);

    [Fact]
    public Task Writes_the_full_name_elsewhere() => ConsumerProject.WithDirection.Fix("""
        using Microsoft.ML.OnnxRuntime;

        using var session = {|OCT0002:new InferenceSession("models/direction.onnx")|};
        """, """
        using Microsoft.ML.OnnxRuntime;

        using var session = MyApp.QuantizedModels.Direction.CreateSession();
        """);

    [Fact]
    public Task Keeps_the_name_unambiguous() => ConsumerProject.WithDirection.Fix("""
        using Microsoft.ML.OnnxRuntime;

        namespace Other
        {
            class MyApp { }
            class QuantizedModels { }
            class C { InferenceSession M() => {|OCT0002:new InferenceSession("models/direction.onnx")|}; }
        }
        """, """
        using Microsoft.ML.OnnxRuntime;

        namespace Other
        {
            class MyApp { }
            class QuantizedModels { }
            class C { InferenceSession M() => global::MyApp.QuantizedModels.Direction.CreateSession(); }
        }
        """);

    [Fact]
    public Task Knows_a_shim_without_a_namespace_and_an_escaped_name() =>
        new ConsumerProject { Models = [("event.onnx", "QuantizedModels.@event")] }.Fix("""
            using Microsoft.ML.OnnxRuntime;

            class C { InferenceSession M() => {|OCT0002:new("event.onnx")|}; }
            """, """
            using Microsoft.ML.OnnxRuntime;

            class C { InferenceSession M() => QuantizedModels.@event.CreateSession(); }
            """);

    [Fact]
    public Task Fits_every_place_of_a_constructor_call() => ConsumerProject.WithDirection.Fix("""
        using System;
        using System.IO;
        using Microsoft.ML.OnnxRuntime;

        namespace MyApp;

        class C
        {
            private readonly InferenceSession _field = {|OCT0002:new("models/direction.onnx")|};
            private static readonly InferenceSession Shared = {|OCT0002:new("models/direction.onnx", new SessionOptions { IntraOpNumThreads = 1 })|};
            private readonly Lazy<InferenceSession> _lazy = new(() => {|OCT0002:new("models/direction.onnx")|});

            public InferenceSession Property => {|OCT0002:new InferenceSession(Path.Combine(AppContext.BaseDirectory, "models", "direction.onnx"))|};

            void M(SessionOptions options)
            {
                {|OCT0002:new InferenceSession("models/direction.onnx")|}.Run();
                using (var session = {|OCT0002:new InferenceSession(File.ReadAllBytes("models/direction.onnx"), options)|})
                    session.Run();
                using var bytes = {|OCT0002:new InferenceSession(File.ReadAllBytes("models/direction.onnx"))|};
                Use({|OCT0002:new("models/direction.onnx", options)|});
            }

            static void Use(InferenceSession session) { }
        }
        """, """
        using System;
        using System.IO;
        using Microsoft.ML.OnnxRuntime;

        namespace MyApp;

        class C
        {
            private readonly InferenceSession _field = QuantizedModels.Direction.CreateSession();
            private static readonly InferenceSession Shared = QuantizedModels.Direction.CreateSession(new SessionOptions { IntraOpNumThreads = 1 });
            private readonly Lazy<InferenceSession> _lazy = new(() => QuantizedModels.Direction.CreateSession());

            public InferenceSession Property => QuantizedModels.Direction.CreateSession();

            void M(SessionOptions options)
            {
                QuantizedModels.Direction.CreateSession().Run();
                using (var session = QuantizedModels.Direction.CreateSession(options))
                    session.Run();
                using var bytes = QuantizedModels.Direction.CreateSession();
                Use(QuantizedModels.Direction.CreateSession(options));
            }

            static void Use(InferenceSession session) { }
        }
        """);

    [Fact]
    public Task Keeps_named_arguments() => ConsumerProject.WithDirection.Fix("""
        using Microsoft.ML.OnnxRuntime;

        namespace MyApp;

        class C
        {
            void M(SessionOptions o)
            {
                using var a = {|OCT0002:new InferenceSession(modelPath: "models/direction.onnx")|};
                using var b = {|OCT0002:new InferenceSession("models/direction.onnx", options: o)|};
                using var c = {|OCT0002:new InferenceSession(options: o, modelPath: "models/direction.onnx")|};
            }
        }
        """, """
        using Microsoft.ML.OnnxRuntime;

        namespace MyApp;

        class C
        {
            void M(SessionOptions o)
            {
                using var a = QuantizedModels.Direction.CreateSession();
                using var b = QuantizedModels.Direction.CreateSession(options: o);
                using var c = QuantizedModels.Direction.CreateSession(options: o);
            }
        }
        """);

    [Fact]
    public Task Keeps_comments_and_layout() => ConsumerProject.WithDirection.Fix("""
        using Microsoft.ML.OnnxRuntime;

        namespace MyApp;

        class C
        {
            void M(SessionOptions options)
            {
                // The classifier.
                using var a = /* before */ {|OCT0002:new InferenceSession("models/direction.onnx")|} /* after */; // end
                using var b = {|OCT0002:new InferenceSession(
                    "models/direction.onnx", // the float model
                    options /* shared */)|};
                using var c = {|OCT0002:new InferenceSession(
                    "models/direction.onnx",
                    new SessionOptions
                    {
                        IntraOpNumThreads = 1, // one
                    })|};
                using var d = {|OCT0002:new InferenceSession(/* path */ "models/direction.onnx", /* options */ options)|};
                using var e = {|OCT0002:new InferenceSession("models/direction.onnx",
                    options)|};
                using var f = {|OCT0002:new InferenceSession(
                    "models/direction.onnx" // the float model
                    )|};
                using var g = {|OCT0002:new InferenceSession(
                    "models/direction.onnx"
                )|};
            }
        }
        """, """
        using Microsoft.ML.OnnxRuntime;

        namespace MyApp;

        class C
        {
            void M(SessionOptions options)
            {
                // The classifier.
                using var a = /* before */ QuantizedModels.Direction.CreateSession() /* after */; // end
                using var b = QuantizedModels.Direction.CreateSession( // the float model
                    options /* shared */);
                using var c = QuantizedModels.Direction.CreateSession(
                    new SessionOptions
                    {
                        IntraOpNumThreads = 1, // one
                    });
                using var d = QuantizedModels.Direction.CreateSession(/* path */ /* options */ options);
                using var e = QuantizedModels.Direction.CreateSession(options);
                using var f = QuantizedModels.Direction.CreateSession( // the float model
                    );
                using var g = QuantizedModels.Direction.CreateSession();
            }
        }
        """);

    [Fact]
    public Task Fixes_all_in_several_files_and_for_several_models() => new ConsumerProject
    {
        Models = ConsumerProject.WithTwoModels.Models,
        OtherSources =
        [
            ("Other.cs", """
                using Microsoft.ML.OnnxRuntime;

                class Other { InferenceSession M() => {|OCT0002:new("models/face.onnx")|}; }
                """),
        ],
    }.Fix("""
        using Microsoft.ML.OnnxRuntime;

        namespace MyApp
        {
            class C
            {
                private readonly InferenceSession _direction = {|OCT0002:new InferenceSession("models/direction.onnx")|};
                private readonly InferenceSession _face = {|OCT0002:new InferenceSession("models/face.onnx")|};
                private readonly InferenceSession _nested = {|OCT0002:new InferenceSession("models/face.onnx", Options({|OCT0002:new("models/direction.onnx")|}))|};

                static SessionOptions Options(InferenceSession session) => new();
            }
        }
        """, """
        using Microsoft.ML.OnnxRuntime;

        namespace MyApp
        {
            class C
            {
                private readonly InferenceSession _direction = QuantizedModels.Direction.CreateSession();
                private readonly InferenceSession _face = QuantizedModels.Face.CreateSession();
                private readonly InferenceSession _nested = QuantizedModels.Face.CreateSession(Options(QuantizedModels.Direction.CreateSession()));

                static SessionOptions Options(InferenceSession session) => new();
            }
        }
        """,
        ("Other.cs", """
            using Microsoft.ML.OnnxRuntime;

            class Other { InferenceSession M() => MyApp.QuantizedModels.Face.CreateSession(); }
            """));

    [Theory]
    [InlineData("new InferenceSession(\"models/direction.onnx\", weights)")]
    [InlineData("new InferenceSession(\"models/direction.onnx\", options, weights)")]
    [InlineData("new InferenceSession(File.ReadAllBytes(\"models/direction.onnx\"), weights)")]
    [InlineData("new InferenceSession(bytes)")]
    [InlineData("new InferenceSession(\"models/direction.onnx\") { Tag = \"x\" }")]
    public Task Is_not_offered_where_the_shim_cannot_stand_in(string creation) => ConsumerProject.WithDirection.HasNoFix($$"""
        using System.IO;
        using Microsoft.ML.OnnxRuntime;

        class C
        {
            InferenceSession M(SessionOptions options, PrePackedWeightsContainer weights)
            {
                byte[] bytes = File.ReadAllBytes("models/direction.onnx");
                return {|OCT0002:{{creation}}|};
            }
        }
        """);

    [Fact]
    public Task Is_not_offered_across_conditional_arguments() => ConsumerProject.WithDirection.HasNoFix("""
        using Microsoft.ML.OnnxRuntime;

        class C
        {
            InferenceSession M(SessionOptions options) => {|OCT0002:new(
                "models/direction.onnx"
        #if !DEBUG
                , options
        #endif
                )|};
        }
        """);

    [Fact]
    public Task Is_not_offered_before_the_shim_exists() =>
        new ConsumerProject { Models = ConsumerProject.WithDirection.Models, HasShim = false }.HasNoFix("""
            using Microsoft.ML.OnnxRuntime;

            class C { InferenceSession M() => {|OCT0002:new("models/direction.onnx")|}; }
            """);
}
