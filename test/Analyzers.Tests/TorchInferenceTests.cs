using Microsoft.CodeAnalysis.Testing;

namespace Octet.Analyzers.Tests;

/// <summary>OCT0006: TorchSharp inference costs more than it need.</summary>
public class TorchInferenceTests
{
    private const string Costs = "TorchSharp inference costs more here than it need: ";

    [Theory]
    [InlineData("new Net(); {|#0:net.load(\"models/net.bin\")|}; net.eval();", " ModuleType=\"MyApp.Net\"")]
    [InlineData("torch.jit.load<torch.Tensor, torch.Tensor>(\"models/net.bin\");", "")]
    public Task Tells_the_item_line(string module, string type) => ConsumerProject.WithDirection.Analyze<TorchInferenceAnalyzer>(
        InMethod($"var net = {(type.Length > 0 ? module : $"{{|#0:{module.TrimEnd(';')}|}};")} using (torch.no_grad()) net.call(x);"),
        new DiagnosticResult(Rules.TorchInference).WithLocation(0).WithMessage(
            Costs + "the checkpoint 'models/net.bin' has no quantized counterpart; to let the build make one and prove that it is faster, add "
            + $"<QuantizeModel Include=\"models/net.bin\"{type} InputShapes=\"input=1,3,32,32\" CalibrationData=\"calibration/*.npy\" /> to an ItemGroup of the project"));

    [Theory]
    [InlineData("{|#0:net.call(x)|};", "'net' is in training mode, and what it computes is recorded for gradients that nothing asks for; call net.eval() once it is loaded, and run it under torch.no_grad()")]
    [InlineData("using var _ = torch.inference_mode(); {|#0:net.forward(x)|};", "'net' is in training mode, where dropout and the statistics of a batch change its answers; call net.eval() once it is loaded")]
    [InlineData("net.train(false); {|#0:net.forward(x)|};", "what 'net' computes is recorded for gradients that nothing asks for; run it under torch.no_grad()")]
    public Task Tells_what_is_left_on(string statements, string advice) => WithCounterpart.Analyze<TorchInferenceAnalyzer>(
        InMethod("var net = (Net)new Net().load(\"net.dat\"); " + statements),
        new DiagnosticResult(Rules.TorchInference).WithLocation(0).WithMessage(Costs + advice).WithOptions(DiagnosticOptions.IgnoreAdditionalLocations));

    [Theory]
    [InlineData("var net = new Net().to(\"cpu\"); net.load(file); {|OCT0006:net.call(x)|};")]
    [InlineData("var net = new Net(); net.load(file); net.eval(); Action later = () => {|OCT0006:net.call(x)|}; using (torch.no_grad()) net.call(x);")]
    [InlineData("var net = torch.jit.load(file); {|OCT0006:net.forward(x)|};")]
    public Task Is_reported(string statements) => WithCounterpart.Analyze<TorchInferenceAnalyzer>(InMethod(statements));

    [Theory]
    [InlineData("var net = new Net(); net.load(\"net.dat\"); net.eval(); using var _ = torch.no_grad(); net.call(x);")]
    [InlineData("var net = new Net(); net.load(file); net.eval(); using (torch.no_grad()) net.call(x);")]
    [InlineData("var net = torch.jit.load(file); using (torch.no_grad()) net.call(x);")]
    [InlineData("var net = new Net(); net.load(file); net.call(x).backward();")]
    [InlineData("var net = new Net(); net.load(file); net.train(); net.call(x);")]
    [InlineData("var net = new Net(); net.load(\"other.dat\");")]
    [InlineData("var net = new Net(); net.call(x);")]
    [InlineData("given.call(x);")]
    [InlineData("var net = new Net(); net.load(file); Prepare(net); using (torch.no_grad()) net.call(x);")]
    [InlineData("var net = new Net(); net.load(file); net.eval(); var off = torch.no_grad(); net.call(x); off.Dispose();")]
    [InlineData("var net = new Net(); net.load(file); net.eval(); torch.set_grad_enabled(false); net.call(x);")]
    public Task Is_not_guessed_at(string statements) => WithCounterpart.Analyze<TorchInferenceAnalyzer>(InMethod(statements));

    [Fact]
    public Task Sees_a_field_that_one_member_loads_and_another_runs() => WithCounterpart.Analyze<TorchInferenceAnalyzer>("""
        using TorchSharp;
        using MyApp;

        class Left
        {
            private readonly Net _net = new();
            public Left(string file) => _net.load(file);
            public torch.Tensor Run(torch.Tensor x) => {|OCT0006:_net.call(x)|};
        }

        class Right
        {
            private readonly Net _net = new();
            public Right(string file) { _net.load(file); _net.eval(); }
            public torch.Tensor Run(torch.Tensor x) { using (torch.no_grad()) return Inner(x); }
            private torch.Tensor Inner(torch.Tensor x) => _net.call(x);
            class Nested { void M() { } }
        }
        """);

    [Fact]
    public Task The_fix_runs_the_module_for_inference_alone() => WithCounterpart.Fix<TorchInferenceAnalyzer, TorchInferenceCodeFixProvider>("""
        using MyApp;
        using TorchSharp;

        class C
        {
            private readonly Net _net = new();

            C(string file)
            {
                _net.load(file); // trained
            }

            torch.Tensor One(torch.Tensor x)
            {
                // First.
                {|OCT0006:_net.call(x)|};
                return {|OCT0006:_net.call(x)|};
            }

            void Two(string file, torch.Tensor x)
            {
                var archive = torch.jit.load<torch.Tensor, torch.Tensor>(file);
                int noGradients = 1;
                {|OCT0006:archive.call(x)|};
            }
        }
        """, """
        using MyApp;
        using TorchSharp;

        class C
        {
            private readonly Net _net = new();

            C(string file)
            {
                _net.load(file); // trained
                _net.eval();
            }

            torch.Tensor One(torch.Tensor x)
            {
                using var noGradients = torch.no_grad();
                // First.
                _net.call(x);
                return _net.call(x);
            }

            void Two(string file, torch.Tensor x)
            {
                var archive = torch.jit.load<torch.Tensor, torch.Tensor>(file);
                int noGradients = 1;
                using var noGradients2 = torch.no_grad();
                archive.call(x);
            }
        }
        """);

    [Fact]
    public Task The_fix_is_not_offered_where_no_statement_can_stand() => WithCounterpart.HasNoFix<TorchInferenceAnalyzer, TorchInferenceCodeFixProvider>("""
        using MyApp;
        using TorchSharp;

        class C
        {
            private readonly Net _net = new();
            C(string file) { _net.load(file); _net.eval(); }
            torch.Tensor Run(torch.Tensor x) => {|OCT0006:_net.call(x)|};
        }
        """);

    [Fact]
    public Task Is_not_looked_for_where_TorchSharp_is_absent() => new ConsumerProject { HasTorchSharp = false }.Analyze<TorchInferenceAnalyzer>("""
        class Net { public void load(string path) { } public void call(int x) { } }
        class C { void M() { var net = new Net(); net.load("net.dat"); net.call(1); } }
        """);

    private static ConsumerProject WithCounterpart { get; } = new() { Models = [("net.onnx", "MyApp.QuantizedModels.Net")] };

    private static string InMethod(string statements) => $$"""
        using System;
        using MyApp;
        using TorchSharp;

        class C
        {
            void M(string file, Net given, torch.Tensor x)
            {
                {{statements}}
            }

            static void Prepare(Net net) => net.eval();
        }
        """;
}
