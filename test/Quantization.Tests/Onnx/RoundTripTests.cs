using System.Runtime.CompilerServices;
using Google.Protobuf;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Tests;

/// <summary>Reading and writing an untouched model loses nothing.</summary>
public sealed class RoundTripTests
{
    private const int UnknownField = 4242;

    public static TheoryData<string> Models() => [.. Directory.EnumerateFiles(Path.Combine(TestAssets(), "models"), "*.onnx", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(TestAssets(), path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Models))]
    public void A_model_is_written_as_it_was_read(string model)
    {
        using ScratchFolder scratch = new();
        string path = Path.Combine(TestAssets(), model);

        OnnxFile.Write(OnnxFile.Read(path), scratch.File("copy.onnx"));

        Assert.Equal(ModelProto.Parser.ParseFrom(File.ReadAllBytes(path)), ModelProto.Parser.ParseFrom(File.ReadAllBytes(scratch.File("copy.onnx"))));
        Assert.Equal(new FileInfo(path).Length, new FileInfo(scratch.File("copy.onnx")).Length);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Fields_of_a_later_version_stay_in_a_real_model(string model)
    {
        using ScratchFolder scratch = new();
        ModelProto marked = WithUnknown(OnnxFile.Read(Path.Combine(TestAssets(), model)), "model");
        for (int i = 0; i < marked.Graph.Node.Count; i++)
            marked.Graph.Node[i] = WithUnknown(marked.Graph.Node[i], $"node {i}");
        for (int i = 0; i < marked.Graph.Initializer.Count; i++)
            marked.Graph.Initializer[i] = WithUnknown(marked.Graph.Initializer[i], $"initializer {i}");
        byte[] bytes = marked.ToByteArray();
        File.WriteAllBytes(scratch.File("model.onnx"), bytes);

        OnnxFile.Write(OnnxFile.Read(scratch.File("model.onnx")), scratch.File("copy.onnx"));

        Assert.Equal(bytes, File.ReadAllBytes(scratch.File("copy.onnx")));
        Assert.Contains($"unknown in node {marked.Graph.Node.Count - 1}", File.ReadAllText(scratch.File("copy.onnx"), System.Text.Encoding.Latin1));
    }

    [Fact]
    public void Fields_that_are_not_known_stay()
    {
        using ScratchFolder scratch = new();
        GraphBuilder builder = new();
        builder.Output(builder.Node("Add", [builder.Input("x", 2), builder.Weights(2)], Nodes.Attribute("extra", 1)), 2);
        ModelProto model = builder.Build();
        ModelProto marked = WithUnknown(model, "model");
        marked.Graph = WithUnknown(model.Graph, "graph");
        marked.Graph.Node[0] = WithUnknown(model.Graph.Node[0], "node");
        marked.Graph.Node[0].Attribute[0] = WithUnknown(model.Graph.Node[0].Attribute[0], "attribute");
        marked.Graph.Initializer[0] = WithUnknown(model.Graph.Initializer[0], "tensor");
        marked.Graph.Input[0] = WithUnknown(model.Graph.Input[0], "input");
        byte[] bytes = marked.ToByteArray();
        File.WriteAllBytes(scratch.File("model.onnx"), bytes);

        OnnxFile.Write(OnnxFile.Read(scratch.File("model.onnx")), scratch.File("copy.onnx"));

        Assert.Equal(bytes, File.ReadAllBytes(scratch.File("copy.onnx")));
        string text = File.ReadAllText(scratch.File("copy.onnx"), System.Text.Encoding.Latin1);
        Assert.All(new[] { "model", "graph", "node", "attribute", "tensor", "input" }, place => Assert.Contains($"unknown in {place}", text));
    }

    internal static string TestAsset(string path) => Path.Combine(TestAssets(), path);

    private static T WithUnknown<T>(T message, string place)
        where T : IMessage<T>, new()
    {
        using MemoryStream stream = new();
        using (CodedOutputStream output = new(stream, leaveOpen: true))
        {
            message.WriteTo(output);
            output.WriteTag(UnknownField, WireFormat.WireType.LengthDelimited);
            output.WriteString($"unknown in {place}");
        }
        T marked = new();
        marked.MergeFrom(stream.ToArray());
        return marked;
    }

    private static string TestAssets([CallerFilePath] string file = "")
    {
        string? folder = File.Exists(file) ? Path.GetDirectoryName(file) : AppContext.BaseDirectory;
        while (folder is not null && !Directory.Exists(Path.Combine(folder, "testassets")))
            folder = Path.GetDirectoryName(folder);
        return Path.Combine(folder!, "testassets");
    }
}
