using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Testing;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Testing;

namespace Octet.Analyzers.Tests;

/// <summary>An application that quantizes models, as the analyzer sees it: its sources, its items, its properties.</summary>
internal sealed class ConsumerProject
{
    /// <summary>What the application uses of ONNX Runtime, with its constructors as 1.31 declares them.</summary>
    private const string OnnxRuntime = """
        namespace Microsoft.ML.OnnxRuntime
        {
            public enum GraphOptimizationLevel { ORT_DISABLE_ALL = 0, ORT_ENABLE_BASIC = 1, ORT_ENABLE_EXTENDED = 2, ORT_ENABLE_LAYOUT = 3, ORT_ENABLE_ALL = 99 }
            public class SessionOptions : System.IDisposable
            {
                public int IntraOpNumThreads { get; set; }
                public GraphOptimizationLevel GraphOptimizationLevel { get; set; } = GraphOptimizationLevel.ORT_ENABLE_ALL;
                public void AppendExecutionProvider_CPU(int useArena = 1) { }
                public void AppendExecutionProvider_CUDA(int deviceId = 0) { }
                public void AppendExecutionProvider(string providerName, System.Collections.Generic.Dictionary<string, string> providerOptions = null) { }
                public static SessionOptions MakeSessionOptionWithCudaProvider(int deviceId = 0) => new SessionOptions();
                public void Dispose() { }
            }
            public class PrePackedWeightsContainer { }
            public class InferenceSession : System.IDisposable
            {
                public InferenceSession(string modelPath) { }
                public InferenceSession(string modelPath, PrePackedWeightsContainer prepackedWeightsContainer) { }
                public InferenceSession(string modelPath, SessionOptions options) { }
                public InferenceSession(string modelPath, SessionOptions options, PrePackedWeightsContainer prepackedWeightsContainer) { }
                public InferenceSession(byte[] model) { }
                public InferenceSession(byte[] model, PrePackedWeightsContainer prepackedWeightsContainer) { }
                public InferenceSession(byte[] model, SessionOptions options) { }
                public InferenceSession(byte[] model, SessionOptions options, PrePackedWeightsContainer prepackedWeightsContainer) { }
                public string Tag { get; set; }
                public void Run() { }
                public void Dispose() { }
            }
        }
        """;

    /// <summary>What the application uses of ML.NET, with the overloads as 4.0 declares them.</summary>
    private const string MachineLearning = """
        namespace Microsoft.ML
        {
            public class TransformsCatalog { }
            public class OnnxScoringEstimator { }
            public static class OnnxCatalog
            {
                public static OnnxScoringEstimator ApplyOnnxModel(this TransformsCatalog catalog, string modelFile, int? gpuDeviceId = null, bool fallbackToCpu = false) => null;
                public static OnnxScoringEstimator ApplyOnnxModel(this TransformsCatalog catalog, string outputColumnName, string inputColumnName, string modelFile, int? gpuDeviceId = null, bool fallbackToCpu = false) => null;
                public static OnnxScoringEstimator ApplyOnnxModel(this TransformsCatalog catalog, string[] outputColumnNames, string[] inputColumnNames, string modelFile, int? gpuDeviceId = null, bool fallbackToCpu = false) => null;
            }
        }
        """;

    /// <summary>What the application uses of TorchSharp, as 0.107 declares it.</summary>
    private const string TorchSharp = """
        namespace TorchSharp
        {
            public static class torch
            {
                public static System.IDisposable no_grad() => null;
                public static System.IDisposable inference_mode(bool mode = true) => null;
                public static System.IDisposable set_grad_enabled(bool mode = true) => null;
                public class Tensor { public void backward() { } }
                public static class jit
                {
                    public class ScriptModule : nn.Module { public object forward(params object[] objs) => null; public object call(params object[] objs) => null; }
                    public sealed class ScriptModule<T, TResult> : ScriptModule { public TResult forward(T tensor) => default; public TResult call(T tensor) => default; }
                    public static ScriptModule load(string filename) => null;
                    public static ScriptModule<T1, TResult> load<T1, TResult>(string filename) => null;
                }
                public static class nn
                {
                    public class Module : System.IDisposable
                    {
                        public virtual Module load(string location, bool strict = true) => this;
                        public virtual void train(bool on = true) { }
                        public void eval() { }
                        public void Dispose() { }
                    }
                    public abstract class Module<T, TResult> : Module
                    {
                        public abstract TResult forward(T input);
                        public TResult call(T input) => forward(input);
                    }
                }
            }
            public static class ModuleExtensionMethods { public static T to<T>(this T module, string device) where T : torch.nn.Module => module; }
        }
        namespace MyApp
        {
            public sealed class Net : TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>
            {
                public override TorchSharp.torch.Tensor forward(TorchSharp.torch.Tensor input) => input;
            }
        }
        """;

    private const string OctetRuntime = """
        #nullable enable
        namespace Octet
        {
            public class QuantizedModel
            {
                public QuantizedModel(string name, string manifestPath) { }
                public Microsoft.ML.OnnxRuntime.InferenceSession CreateSession(Microsoft.ML.OnnxRuntime.SessionOptions? options = null) => null!;
            }
        }
        """;

    // The tests' own framework: no download, and the analyzer sees the same declarations as in an application.
    private static readonly MetadataReference[] Framework =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(file => Path.GetDirectoryName(file) == Path.GetDirectoryName(typeof(object).Assembly.Location))
            .Select(file => MetadataReference.CreateFromFile(file)),
    ];

    /// <summary>The models among the project's items, by link, with the full name of the shim's member ("" for none).</summary>
    public (string Link, string Shim)[] Models { get; init; } = [];

    /// <summary>What the last build wrote of the models, models.txt; empty for none.</summary>
    public string Facts { get; init; } = "";

    /// <summary>The property QuantizeModels.</summary>
    public string QuantizeModels { get; init; } = "true";

    /// <summary>The property ProjectDir.</summary>
    public string ProjectDirectory { get; init; } = "/src/app/";

    /// <summary>False for a project whose shim has not been generated.</summary>
    public bool HasShim { get; init; } = true;

    /// <summary>False for a project without ONNX Runtime.</summary>
    public bool HasOnnxRuntime { get; init; } = true;

    /// <summary>False for a project without TorchSharp.</summary>
    public bool HasTorchSharp { get; init; } = true;

    /// <summary>Sources beside the one under test.</summary>
    public (string File, string Source)[] OtherSources { get; init; } = [];

    /// <summary>A project with one model, models/direction.onnx.</summary>
    public static ConsumerProject WithDirection { get; } = new()
    {
        Models = [("models/direction.onnx", "MyApp.QuantizedModels.Direction")],
        Facts = "direction\tint8\tx: float[1,3,48,192]\ty: float[1,2]\tmodels/direction.onnx\tfloat=baseline,int8=faster,int8-dynamic=slower,int4-weights=inaccurate\n",
    };

    /// <summary>A project with two models, models/direction.onnx and models/face.onnx.</summary>
    public static ConsumerProject WithTwoModels { get; } = new()
    {
        Models = [("models/direction.onnx", "MyApp.QuantizedModels.Direction"), ("models/face.onnx", "MyApp.QuantizedModels.Face")],
    };

    /// <summary>A project with no model.</summary>
    public static ConsumerProject WithoutModels { get; } = new();

    /// <summary>Runs the analyzer of OCT0001 and its like; the diagnostics stand in the source as markup, or at the end with their texts.</summary>
    public Task Analyze(string source, params DiagnosticResult[] expected) => Analyze<FloatModelAnalyzer>(source, expected);

    /// <summary>Runs an analyzer; the diagnostics stand in the source as markup, or at the end with their texts.</summary>
    public Task Analyze<TAnalyzer>(string source, params DiagnosticResult[] expected)
        where TAnalyzer : DiagnosticAnalyzer, new() =>
        Analyze(new CSharpAnalyzerTest<TAnalyzer, DefaultVerifier>(), source, expected);

    /// <summary>Runs every analyzer that is packed.</summary>
    public Task AnalyzeWithAll(string source, params DiagnosticResult[] expected) => Analyze(new EveryAnalyzerTest(), source, expected);

    /// <summary>Runs the code fix of OCT0002, one by one and for all at once, and checks that the result compiles.</summary>
    public Task Fix(string source, string result, params (string File, string Source)[] otherResults) =>
        Fix<FloatModelAnalyzer, QuantizedModelCodeFixProvider>(source, result, otherResults);

    /// <summary>Runs a code fix, one by one and for all at once, and checks that the result compiles.</summary>
    public Task Fix<TAnalyzer, TFix>(string source, string result, params (string File, string Source)[] otherResults)
        where TAnalyzer : DiagnosticAnalyzer, new()
        where TFix : CodeFixProvider, new()
    {
        var test = new CSharpCodeFixTest<TAnalyzer, TFix, DefaultVerifier> { ReferenceAssemblies = NoPackages };
        Arrange(test.TestState, source);
        test.FixedState.Sources.Add(result);
        foreach ((string file, string text) in otherResults) test.FixedState.Sources.Add((file, text));
        foreach ((string file, string text) in Generated) test.FixedState.Sources.Add((file, text));
        return test.RunAsync();
    }

    /// <summary>Checks that the code fix of OCT0002 is not offered.</summary>
    public Task HasNoFix(string source) => Fix(source, source);

    /// <summary>Checks that a code fix is not offered.</summary>
    public Task HasNoFix<TAnalyzer, TFix>(string source)
        where TAnalyzer : DiagnosticAnalyzer, new()
        where TFix : CodeFixProvider, new() => Fix<TAnalyzer, TFix>(source, source);

    private Task Analyze(AnalyzerTest<DefaultVerifier> test, string source, DiagnosticResult[] expected)
    {
        test.ReferenceAssemblies = NoPackages;
        Arrange(test.TestState, source);
        test.ExpectedDiagnostics.AddRange(expected);
        return test.RunAsync();
    }

    private static ReferenceAssemblies NoPackages { get; } = new("");

    private IEnumerable<(string File, string Source)> Generated
    {
        get
        {
            if (HasTorchSharp) yield return ("TorchSharp.cs", TorchSharp);
            if (!HasOnnxRuntime) yield break;
            yield return ("OnnxRuntime.cs", OnnxRuntime);
            yield return ("MachineLearning.cs", MachineLearning);
            yield return ("OctetRuntime.cs", OctetRuntime);
            if (!HasShim) yield break;
            IEnumerable<string> parts = Models.Where(model => model.Shim.Length > 0).Select(ShimPart);
            yield return ("QuantizedModels.g.cs", string.Join("\n", parts.Prepend("// <auto-generated/>")));
        }
    }

    private static string ShimPart((string Link, string Shim) model)
    {
        string[] parts = model.Shim.Split('.');
        string member = $$"""
            internal static partial class {{parts[^2]}}
            {
                public static global::Octet.QuantizedModel {{parts[^1]}} { get; } = new global::Octet.QuantizedModel(@"{{model.Link}}", "");
                private static object Float{{parts[^1].TrimStart('@')}}() => new global::Microsoft.ML.OnnxRuntime.InferenceSession(@"{{model.Link}}");
            }
            """;
        return parts.Length == 2 ? member : $"namespace {string.Join(".", parts[..^2])}\n{{\n{member}\n}}";
    }

    private void Arrange(SolutionState state, string source)
    {
        // Top-level statements need an application; a class needs a library, for it has no Main.
        bool isProgram = !source.Contains("class ", StringComparison.Ordinal);
        state.OutputKind = isProgram ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary;
        state.Sources.Add(source);
        foreach ((string file, string text) in OtherSources) state.Sources.Add((file, text));
        foreach ((string file, string text) in Generated) state.Sources.Add((file, text));
        state.AdditionalReferences.AddRange(Framework);

        // As MSBuild writes CompilerVisibleProperty and CompilerVisibleItemMetadata.
        var config = new List<string>
        {
            "is_global = true",
            $"build_property.QuantizeModels = {QuantizeModels}",
            $"build_property.ProjectDir = {ProjectDirectory}",
        };
        for (int i = 0; i < Models.Length; i++)
        {
            string file = $"/items/{i}.onnx";
            state.AdditionalFiles.Add((file, ""));
            config.Add($"[{file}]");
            config.Add($"build_metadata.AdditionalFiles.QuantizeModelLink = {Models[i].Link}");
            config.Add($"build_metadata.AdditionalFiles.QuantizeModelShim = {Models[i].Shim}");
        }
        if (Facts.Length > 0)
        {
            state.AdditionalFiles.Add(("/obj/octet/models.txt", Facts));
            config.Add("[/obj/octet/models.txt]");
            config.Add("build_metadata.AdditionalFiles.QuantizeModelVerdicts = true");
        }
        state.AnalyzerConfigFiles.Add(("/.globalconfig", string.Join("\n", config)));
    }

    private sealed class EveryAnalyzerTest : CSharpAnalyzerTest<FloatModelAnalyzer, DefaultVerifier>
    {
        protected override IEnumerable<DiagnosticAnalyzer> GetDiagnosticAnalyzers() => RulesTests.Analyzers;
    }
}
