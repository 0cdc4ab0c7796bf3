namespace Octet.Analyzers.Tests;

/// <summary>Which expressions the analyzer reads a path from, and which it leaves alone.</summary>
public class PathExpressionTests
{
    [Theory]
    [InlineData("\"models/direction.onnx\"")]
    [InlineData("@\"models\\direction.onnx\"")]
    [InlineData("\"./models//direction.onnx\"")]
    [InlineData("\"models/old/../direction.onnx\"")]
    [InlineData("\"../../../models/direction.onnx\"")]
    [InlineData("\"/opt/app/models/direction.onnx\"")]
    [InlineData("@\"C:\\app\\models\\direction.onnx\"")]
    [InlineData("\"direction.onnx\"")]
    [InlineData("(\"models/direction.onnx\")!")]
    [InlineData("ConstField")]
    [InlineData("StaticField")]
    [InlineData("StaticFieldOverConst")]
    [InlineData("StaticFieldUnderBaseDirectory")]
    [InlineData("Elsewhere.Const")]
    [InlineData("Elsewhere.Field")]
    [InlineData("\"models/\" + \"direction.onnx\"")]
    [InlineData("Folder + \"/direction.onnx\"")]
    [InlineData("folder + \"/direction.onnx\"")]
    [InlineData("folder + '/' + \"direction.onnx\"")]
    [InlineData("folder + Path.DirectorySeparatorChar + \"direction.onnx\"")]
    [InlineData("AppContext.BaseDirectory + \"direction.onnx\"")]
    [InlineData("AppDomain.CurrentDomain.BaseDirectory + \"models/direction.onnx\"")]
    [InlineData("$\"{folder}/models/direction.onnx\"")]
    [InlineData("$\"{folder}/models/{Name}.onnx\"")]
    [InlineData("$\"{AppContext.BaseDirectory}direction.onnx\"")]
    [InlineData("Path.Combine(\"models\", \"direction.onnx\")")]
    [InlineData("Path.Combine(AppContext.BaseDirectory, \"models\", \"direction.onnx\")")]
    [InlineData("Path.Combine(AppDomain.CurrentDomain.BaseDirectory, \"models/direction.onnx\")")]
    [InlineData("Path.Combine(Directory.GetCurrentDirectory(), Folder, Name + \".onnx\")")]
    [InlineData("Path.Combine(Environment.CurrentDirectory, \"direction.onnx\")")]
    [InlineData("Path.Combine(folder, \"direction.onnx\")")]
    [InlineData("Path.Combine(path2: \"direction.onnx\", path1: folder)")]
    [InlineData("Path.Combine(\"a\", \"b\", \"c\", \"models\", \"direction.onnx\")")]
    [InlineData("Path.Combine(new[] { folder, \"models\", \"direction.onnx\" })")]
    [InlineData("Path.Combine(folder, \"/models/direction.onnx\")")]
    [InlineData("Path.Join(AppContext.BaseDirectory, \"models\", \"direction.onnx\")")]
    [InlineData("Path.Join(folder, \"models/direction.onnx\", \"\")")]
    [InlineData("Path.GetFullPath(\"models/direction.onnx\")")]
    [InlineData("Path.GetFullPath(Path.Combine(folder, \"direction.onnx\"))")]
    [InlineData("File.ReadAllBytes(\"models/direction.onnx\")")]
    [InlineData("File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, \"models\", \"direction.onnx\"))")]
    public Task Is_read_from(string path) => ConsumerProject.WithDirection.Analyze(Using(path, "OCT0002"));

    [Theory]
    [InlineData("folder")]
    [InlineData("folder + \"direction.onnx\"")]
    [InlineData("$\"{folder}direction.onnx\"")]
    [InlineData("$\"models/{folder}.onnx\"")]
    [InlineData("$\"models/{Name,12}.onnx\"")]
    [InlineData("Directory.GetCurrentDirectory() + \"direction.onnx\"")]
    [InlineData("Path.Combine(AppContext.BaseDirectory, folder)")]
    [InlineData("Path.Combine(\"models\", folder + \".onnx\")")]
    [InlineData("Path.Combine(folder.Split('/'))")]
    [InlineData("Path.ChangeExtension(\"models/direction.onnx\", \".ort\")")]
    [InlineData("folder.Length > 3 ? \"models/direction.onnx\" : \"models/face.onnx\"")]
    [InlineData("folder ?? \"models/direction.onnx\"")]
    [InlineData("Elsewhere.Computed")]
    [InlineData("Elsewhere.NotReadOnly")]
    [InlineData("Circle")]
    [InlineData("StaticFieldSetAgain.Path")]
    [InlineData("Make(\"models/direction.onnx\")")]
    [InlineData("(string)null!")]
    [InlineData("File.ReadAllBytes(folder)")]
    [InlineData("new byte[] { 1, 2, 3 }")]
    [InlineData("Elsewhere.ReadAllBytes(\"models/direction.onnx\")")]
    [InlineData("\"models/direction.ort\"")]
    [InlineData("\"models/direction.onnx.bak\"")]
    [InlineData("\"models/direction.onnx/\" + folder")]
    [InlineData("\"\"")]
    [InlineData("\".onnx\"")]
    [InlineData("\"models/.onnx\"")]
    public Task Is_not_guessed_from(string path) => ConsumerProject.WithDirection.Analyze(Using(path, id: null));

    [Theory]
    [InlineData("string path = \"models/direction.onnx\";")]
    [InlineData("var path = Path.Combine(AppContext.BaseDirectory, \"models\", \"direction.onnx\");")]
    [InlineData("const string path = \"models/direction.onnx\";")]
    [InlineData("string path; path = $\"{folder}/direction.onnx\";")]
    [InlineData("string name = \"direction.onnx\"; string path = Path.Combine(folder, name); Console.WriteLine(path);")]
    [InlineData("var path = File.ReadAllBytes(\"models/direction.onnx\");")]
    [InlineData("string path = \"models/direction.onnx\"; if (!File.Exists(path)) throw new FileNotFoundException(path);")]
    public Task Is_read_from_a_variable_with_one_value(string statements) =>
        ConsumerProject.WithDirection.Analyze(WithVariable(statements, "OCT0002"));

    [Theory]
    [InlineData("string path = \"models/direction.onnx\"; if (folder.Length > 3) path = folder;")]
    [InlineData("string path = folder; if (folder.Length > 3) path = \"models/direction.onnx\";")]
    [InlineData("string path; if (folder.Length > 3) path = \"models/direction.onnx\"; else path = folder;")]
    [InlineData("string path = \"models/direction.onnx\"; path += \".bak\";")]
    [InlineData("string path = \"models/direction.onnx\"; path ??= folder;")]
    [InlineData("string path = \"models/direction.onnx\"; (path, _) = (folder, 1);")]
    [InlineData("string path = \"models/direction.onnx\"; Change(ref path);")]
    [InlineData("string path = \"models/direction.onnx\"; ref string other = ref path; other = folder;")]
    [InlineData("string path = \"models/direction.onnx\"; Action change = () => path = folder; change();")]
    [InlineData("Out(out string path);")]
    [InlineData("string path = folder;")]
    [InlineData("byte[] path = File.ReadAllBytes(\"models/direction.onnx\"); path = new byte[1];")]
    public Task Is_not_guessed_from_a_variable_with_several_values(string statements) =>
        ConsumerProject.WithDirection.Analyze(WithVariable(statements, id: null));

    [Fact]
    public Task Is_read_through_factory_methods_awaited_bytes_and_MLNET() => ConsumerProject.WithDirection.Analyze("""
        using System;
        using System.IO;
        using System.Threading.Tasks;
        using Microsoft.ML;
        using Microsoft.ML.OnnxRuntime;

        class C
        {
            const string Folder = "models";
            InferenceSession Field = {|OCT0002:Sessions.Open($"{Folder}/direction.onnx", null)|};

            async Task M(TransformsCatalog transforms, string folder)
            {
                using var a = {|OCT0002:new InferenceSession(await File.ReadAllBytesAsync("models/direction.onnx"))|};
                byte[] bytes = await File.ReadAllBytesAsync("models/direction.onnx");
                using var b = {|OCT0002:new InferenceSession(bytes)|};
                using var c = {|OCT0002:Sessions.Open(options: null, file: Path.Combine(AppContext.BaseDirectory, "models", "direction.onnx"))|};
                using var d = {|OCT0002:Sessions.OfBytes(File.ReadAllBytes("models/direction.onnx"))|};
                using var e = {|OCT0002:Local("models/direction.onnx")|};
                {|OCT0002:transforms.ApplyOnnxModel("models/direction.onnx")|};
                {|OCT0002:transforms.ApplyOnnxModel("y", "x", "models/direction.onnx", gpuDeviceId: 0)|};
                {|OCT0002:transforms.ApplyOnnxModel(modelFile: "models/direction.onnx", outputColumnNames: new[] { "y" }, inputColumnNames: new[] { "x" })|};

                Sessions.Below("models/direction.onnx");
                Sessions.Open(folder, null);
                transforms.ApplyOnnxModel(folder);
                transforms.ApplyOnnxModel("models/direction.onnx", "x", folder);

                InferenceSession Local(string path) => new(path);
            }
        }

        static class Sessions
        {
            public static InferenceSession Open(string file, SessionOptions options) => new InferenceSession(file, options ?? new SessionOptions());
            public static InferenceSession OfBytes(byte[] bytes) { return new(bytes); }
            public static InferenceSession Below(string name) => new InferenceSession(Path.Combine(Environment.CurrentDirectory, name));
        }
        """);

    [Fact]
    public Task Is_not_looked_for_where_OnnxRuntime_is_absent() =>
        new ConsumerProject { HasOnnxRuntime = false }.Analyze("""
            class InferenceSession { public InferenceSession(string path) { } }
            class C { object M() => new InferenceSession("models/direction.onnx"); }
            """);

    [Fact]
    public Task Is_not_looked_for_in_other_types_of_that_name() =>
        ConsumerProject.WithDirection.Analyze("""
            namespace Mine { class InferenceSession { public InferenceSession(string path) { } } }
            class C { object M() => new Mine.InferenceSession("models/direction.onnx"); }
            """);

    private static string Using(string path, string? id) => $$"""
        using System;
        using System.IO;
        using Microsoft.ML.OnnxRuntime;

        class C
        {
            const string Name = "direction";
            const string Folder = "models";
            const string ConstField = Folder + "/direction.onnx";
            static readonly string StaticField = "models/direction.onnx";
            static readonly string StaticFieldOverConst = Folder + "/" + Name + ".onnx";
            static readonly string StaticFieldUnderBaseDirectory = Path.Combine(AppContext.BaseDirectory, "models", "direction.onnx");
            static readonly string Circle = OtherCircle + "";
            static readonly string OtherCircle = Circle + "";

            object M(string folder) => {{Marked($"new InferenceSession({path})", id)}};

            static string Make(string path) => path;
        }

        class StaticFieldSetAgain
        {
            public static readonly string Path = "models/direction.onnx";
            static StaticFieldSetAgain() { Path = Environment.CommandLine; }
        }

        {{Elsewhere}}
        """;

    private static string WithVariable(string statements, string? id) => $$"""
        using System;
        using System.IO;
        using Microsoft.ML.OnnxRuntime;

        class C
        {
            void M(string folder)
            {
                {{statements}}
                using var session = {{Marked("new InferenceSession(path)", id)}};
            }

            static void Change(ref string path) => path = "";
            static void Out(out string path) => path = "";
        }
        """;

    private const string Elsewhere = """
        static class Elsewhere
        {
            public const string Const = "models/direction.onnx";
            public static readonly string Field = "models/direction.onnx";
            public static string NotReadOnly = "models/direction.onnx";
            public static readonly string Computed = Environment.GetEnvironmentVariable("MODEL") ?? "models/direction.onnx";
            public static byte[] ReadAllBytes(string path) => new byte[0];
        }
        """;

    private static string Marked(string expression, string? id) => id is null ? expression : $"{{|{id}:{expression}|}}";
}
