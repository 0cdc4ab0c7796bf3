using System.CommandLine;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;
using Octet.Tool.Output;
using Octet.Tool.Verbs;

namespace Octet.Tool.Tests;

/// <summary><c>octet calibrate</c> and <c>octet merge</c> as a scheduler calls them.</summary>
public sealed class StatisticsVerbsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("octet-test-").FullName;

    public StatisticsVerbsTests()
    {
        OnnxFile.Write(Model(), File("model.onnx"));
        Directory.CreateDirectory(File("data"));
        for (int i = 0; i < 5; i++)
        {
            using FileStream stream = System.IO.File.Create(File($"data/{i}.npy"));
            Npy.Write(stream, new NamedTensor("x", [1, 4], new float[] { i, -i, 0.1f, 7 * i }));
        }
    }

    [Fact]
    public void Shards_merge_to_the_file_of_one_run()
    {
        Assert.Equal(ExitCode.Done, Calibrate("-o", File("whole.json")));
        for (int shard = 1; shard <= 3; shard++)
            Assert.Equal(ExitCode.Done, Calibrate("-o", File($"{shard}.json"), "--shard", $"{shard}/3"));
        Assert.Equal(ExitCode.Done, Merge(File("3.json"), File("1.json"), File("2.json"), "-o", File("all.json")));
        Assert.Equal(System.IO.File.ReadAllBytes(File("whole.json")), System.IO.File.ReadAllBytes(File("all.json")));
    }

    [Fact]
    public void A_file_that_is_none_fails_and_nothing_is_written()
    {
        System.IO.File.WriteAllText(File("bad.json"), "{");
        Assert.Equal(ExitCode.Failed, Merge(File("bad.json"), "-o", File("all.json")));
        Assert.False(System.IO.File.Exists(File("all.json")));
    }

    [Theory]
    [InlineData("--shard", "0/3")]
    [InlineData("--shard", "4/3")]
    [InlineData("--shard", "all")]
    public void A_shard_that_is_none_is_bad_usage(string option, string value) =>
        Assert.NotEmpty(CalibrateVerb.Create().Parse([File("model.onnx"), "--calibration", File("data"), "-o", File("x.json"), option, value]).Errors);

    [Fact]
    public void Data_and_output_are_required()
    {
        Assert.NotEmpty(CalibrateVerb.Create().Parse([File("model.onnx"), "-o", File("x.json")]).Errors);
        Assert.NotEmpty(CalibrateVerb.Create().Parse([File("model.onnx"), "--calibration", File("data")]).Errors);
        Assert.NotEmpty(MergeVerb.Create().Parse([File("x.json")]).Errors);
    }

    [Theory]
    [InlineData("minmax", true)]
    [InlineData("moving-average", true)]
    [InlineData("percentile", true)]
    [InlineData("entropy", true)]
    [InlineData("mse", true)]
    [InlineData("auto", true)]
    [InlineData("kl", false)]
    public void The_methods_are_those_of_the_engine(string method, bool known) =>
        Assert.Equal(known, QuantizeVerb.Create().Parse(["model.onnx", "--method", method]).Errors.Count == 0);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string File(string name) => Path.Combine(_folder, name);

    private int Calibrate(params string[] arguments) => CalibrateVerb.Create().Parse([File("model.onnx"), "--calibration", File("data"), .. arguments]).Invoke();

    private static int Merge(params string[] arguments) => MergeVerb.Create().Parse(arguments).Invoke();

    private static ModelProto Model()
    {
        static ValueInfoProto Info(string name, params long[] shape)
        {
            TypeProto.Types.Tensor tensor = new() { ElemType = (int)TensorProto.Types.DataType.Float, Shape = new TensorShapeProto() };
            tensor.Shape.Dim.AddRange(shape.Select(extent => new TensorShapeProto.Types.Dimension { DimValue = extent }));
            return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
        }

        ModelProto model = new() { IrVersion = 8, Graph = new GraphProto { Name = "test" } };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 13 });
        model.Graph.Input.Add(Info("x", 1, 4));
        model.Graph.Output.Add(Info("y", 1, 2));
        model.Graph.Initializer.Add(Tensors.Create("w", [4, 2], [1f, 2, 3, 4, 5, 6, 7, 8]));
        model.Graph.Node.Add(Nodes.Create("MatMul", "matmul", ["x", "w"], ["y"]));
        return model;
    }
}
