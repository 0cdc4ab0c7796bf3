using Microsoft.CodeAnalysis.Testing;

namespace Octet.Analyzers.Tests;

/// <summary>OCT0005: a session is created per call or in a loop.</summary>
public class SessionLifetimeTests
{
    [Fact]
    public Task Tells_the_model_and_when() => ConsumerProject.WithDirection.Analyze<SessionLifetimeAnalyzer>("""
        using Microsoft.ML.OnnxRuntime;

        class C
        {
            void PerCall()
            {
                using var session = {|#0:new InferenceSession("models/direction.onnx")|};
                session.Run();
            }

            void InLoop()
            {
                for (int i = 0; i < 9; i++)
                    {|#1:MyApp.QuantizedModels.Direction.CreateSession()|}.Run();
            }
        }
        """,
        new DiagnosticResult(Rules.SessionCreatedRepeatedly).WithLocation(0).WithMessage(
            "A session on 'models/direction.onnx' is created on every call, and the model is loaded and optimized again each time; "
            + "keep one in a field, or register it as a singleton: a session may run on several threads at once"),
        new DiagnosticResult(Rules.SessionCreatedRepeatedly).WithLocation(1).WithMessage(
            "A session on 'MyApp.QuantizedModels.Direction' is created in a loop, and the model is loaded and optimized again each time round; "
            + "keep one in a field, or register it as a singleton: a session may run on several threads at once"));

    [Theory]
    [InlineData("using (var s = {|OCT0005:new InferenceSession(\"a.onnx\")|}) s.Run();")]
    [InlineData("var s = {|OCT0005:new InferenceSession(File.ReadAllBytes(\"a.onnx\"), options)|}; s.Run(); s.Dispose();")]
    [InlineData("var path = Path.Combine(AppContext.BaseDirectory, \"a.onnx\"); using var s = {|OCT0005:new InferenceSession(path)|}; s.Run(); Console.WriteLine(s.Tag);")]
    [InlineData("foreach (var c in name) { using var s = {|OCT0005:new InferenceSession(\"a.onnx\")|}; s.Run(); }")]
    [InlineData("while (true) { using InferenceSession s = {|OCT0005:new(\"a.onnx\")|}; Action run = () => s.Run(); run(); }")]
    public Task Is_reported(string statements) => InMethod(statements);

    [Theory]
    [InlineData("using var s = new InferenceSession(name); s.Run();")]
    [InlineData("using var s = new InferenceSession(Path.Combine(name, \"a.onnx\")); s.Run();")]
    [InlineData("foreach (var folder in name.Split(';')) { using var s = new InferenceSession(folder + \"/a.onnx\"); s.Run(); }")]
    [InlineData("foreach (var model in new[] { MyApp.QuantizedModels.Direction }) { using var s = model.CreateSession(); s.Run(); }")]
    [InlineData("using var s = new InferenceSession(\"a.onnx\");")]
    [InlineData("_session = new InferenceSession(\"a.onnx\"); _session.Run();")]
    [InlineData("var s = new InferenceSession(\"a.onnx\"); s.Run(); _session = s;")]
    [InlineData("var s = new InferenceSession(\"a.onnx\"); s.Run(); Keep(s);")]
    [InlineData("Keep(new InferenceSession(\"a.onnx\"));")]
    public Task Is_not_guessed_at(string statements) => InMethod(statements);

    [Fact]
    public Task Is_reported_in_handlers_and_loops_of_top_level_statements_alone() => ConsumerProject.WithDirection.Analyze<SessionLifetimeAnalyzer>("""
        using System;
        using System.Threading.Tasks;
        using Microsoft.ML.OnnxRuntime;

        using var once = new InferenceSession("a.onnx");
        once.Run();
        for (int i = 0; i < 9; i++) {|OCT0005:new InferenceSession("a.onnx")|}.Run();
        Map("/classify", () => {|OCT0005:new InferenceSession("a.onnx")|}.Run());
        await Task.Run(() => new InferenceSession("a.onnx").Run());
        Lazy<InferenceSession> lazy = new(() => new InferenceSession("a.onnx"));
        lazy.Value.Run();

        static void Map(string path, Action handler) => handler();
        static void Handle() => {|OCT0005:new InferenceSession("a.onnx")|}.Run();
        """);

    [Fact]
    public Task Is_not_reported_where_code_runs_once() => ConsumerProject.WithDirection.Analyze<SessionLifetimeAnalyzer>("""
        using Microsoft.ML.OnnxRuntime;

        namespace Xunit { public class FactAttribute : System.Attribute { } }

        class C
        {
            static C() => new InferenceSession("a.onnx").Run();
            C() => new InferenceSession("a.onnx").Run();
            [Xunit.Fact] void Test() => new InferenceSession("a.onnx").Run();
            [System.Obsolete] void Other() => {|OCT0005:new InferenceSession("a.onnx")|}.Run();
        }
        """);

    [Fact]
    public Task The_fix_keeps_one_session_for_all_calls() => ConsumerProject.WithDirection.Fix<SessionLifetimeAnalyzer, SharedSessionCodeFixProvider>("""
        using System.IO;
        using Microsoft.ML.OnnxRuntime;

        namespace MyApp;

        class C
        {
            private readonly int _field = 1;

            void A()
            {
                // Each call.
                using var session = {|OCT0005:QuantizedModels.Direction.CreateSession()|}; // end
                session.Run();
            }

            void B()
            {
                using (InferenceSession session = {|OCT0005:new("text-line.int8.onnx", new SessionOptions { IntraOpNumThreads = 1 })|})
                {
                    session.Run();
                }
            }

            void D()
            {
                for (int i = 0; i < 9; i++)
                    {|OCT0005:new InferenceSession(File.ReadAllBytes("1.onnx"))|}.Run();
            }
        }

        struct S
        {
            static void DirectionSession() => {|OCT0005:new InferenceSession("direction.onnx")|}.Run();
        }
        """, """
        using System.IO;
        using Microsoft.ML.OnnxRuntime;

        namespace MyApp;

        class C
        {
            private static readonly InferenceSession DirectionSession = QuantizedModels.Direction.CreateSession();
            private static readonly InferenceSession TextLineSession = new("text-line.int8.onnx", new SessionOptions { IntraOpNumThreads = 1 });
            private static readonly InferenceSession Model1Session = new InferenceSession(File.ReadAllBytes("1.onnx"));
            private readonly int _field = 1;

            void A()
            {
                // Each call.
                var session = DirectionSession; // end
                session.Run();
            }

            void B()
            {
                {
                    InferenceSession session = TextLineSession;
                    session.Run();
                }
            }

            void D()
            {
                for (int i = 0; i < 9; i++)
                    Model1Session.Run();
            }
        }

        struct S
        {
            private static readonly InferenceSession DirectionSession2 = new InferenceSession("direction.onnx");

            static void DirectionSession() => DirectionSession2.Run();
        }
        """);

    [Fact]
    public async Task The_fix_is_not_offered_where_a_static_field_cannot_stand_in()
    {
        await ConsumerProject.WithDirection.HasNoFix<SessionLifetimeAnalyzer, SharedSessionCodeFixProvider>("""
            using Microsoft.ML.OnnxRuntime;

            class C
            {
                private readonly SessionOptions _options = new();
                void A(SessionOptions options) => {|OCT0005:new InferenceSession("a.onnx", options)|}.Run();
                void B() => {|OCT0005:new InferenceSession("a.onnx", _options)|}.Run();
                void D() { var path = "a.onnx"; {|OCT0005:new InferenceSession(path)|}.Run(); }
                void E() { var session = {|OCT0005:new InferenceSession("a.onnx")|}; session.Run(); session.Dispose(); }
            }
            """);
        await ConsumerProject.WithDirection.HasNoFix<SessionLifetimeAnalyzer, SharedSessionCodeFixProvider>("""
            using Microsoft.ML.OnnxRuntime;

            while (true) {|OCT0005:new InferenceSession("a.onnx")|}.Run();
            """);
    }

    [Fact]
    public Task Is_not_looked_for_where_OnnxRuntime_is_absent() => new ConsumerProject { HasOnnxRuntime = false }.Analyze<SessionLifetimeAnalyzer>("""
        class InferenceSession { public InferenceSession(string path) { } public void Run() { } }
        class C { void M() => new InferenceSession("a.onnx").Run(); }
        """);

    private static Task InMethod(string statements) => ConsumerProject.WithDirection.Analyze<SessionLifetimeAnalyzer>($$"""
        using System;
        using System.IO;
        using Microsoft.ML.OnnxRuntime;

        class C
        {
            private InferenceSession _session;

            void M(string name, SessionOptions options)
            {
                {{statements}}
            }

            void Keep(InferenceSession session) => _session = session;
        }
        """);
}
