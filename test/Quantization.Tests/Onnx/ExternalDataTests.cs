using Google.Protobuf;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Tests;

public sealed class ExternalDataTests
{
    [Theory]
    [InlineData(4)]
    [InlineData(1024)]
    public void Weights_beside_the_model_are_read_and_written_back_into_it(int channels)
    {
        using ScratchFolder scratch = new();
        ModelProto whole = Model(channels);
        string path = WriteWithData(whole, scratch);

        ModelProto model = OnnxFile.Read(path);
        string copy = scratch.File("copy/copy.onnx");
        IReadOnlyList<string> files = OnnxFile.Write(model, copy);

        Assert.Equal([copy], files);
        Assert.Equal(whole.Graph.Initializer[0].ToFloats(), model.Graph.Initializer[0].ToFloats());
        // Fields may be in another order; what is read is the same.
        Assert.Equal(whole, OnnxFile.Read(copy));
        Reference.AssertEqual(whole, model, Reference.Tensor("x", [1, channels]));
    }

    [Fact]
    public void Large_weights_stay_in_their_file_until_they_are_needed()
    {
        using ScratchFolder scratch = new();
        ModelProto model = OnnxFile.Read(WriteWithData(Model(1024), scratch));

        Assert.Equal(0, model.Graph.Initializer[0].RawData.Length);
        Assert.Equal(1024 * 1024 * sizeof(float), model.Graph.Initializer[0].ByteCount());
    }

    [Fact]
    public void Passes_read_what_they_need()
    {
        using ScratchFolder scratch = new();
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 1024);
        builder.Output(builder.BatchNormalization(builder.Node("Gemm", [x, builder.Weights(1024, 1024)]), 1024), 1, 1024);
        ModelProto whole = builder.Build();

        ModelProto result = PreparationPipeline.Run(OnnxFile.Read(WriteWithData(whole, scratch)), "test.onnx");

        Assert.Equal("Gemm", Assert.Single(result.Graph.Node).OpType);
        Reference.AssertEqual(whole, result, Reference.Tensor(x, [1, 1024]));
    }

    [Fact]
    public void A_model_beyond_the_limit_is_written_in_two_files_always_alike()
    {
        using ScratchFolder scratch = new();
        ModelProto whole = Model(1024);
        string[] first = [.. ModelWriter.Write(whole, scratch.File("first/model.onnx"), largestSingleFile: 1 << 20)];
        string[] second = [.. ModelWriter.Write(OnnxFile.Read(first[0]), scratch.File("second/model.onnx"), largestSingleFile: 1 << 20)];

        Assert.Equal([scratch.File("first/model.onnx"), scratch.File("first/model.onnx.data")], first);
        foreach ((string one, string other) in first.Zip(second))
            Assert.Equal(File.ReadAllBytes(one), File.ReadAllBytes(other));
        using Octet.Quantization.Measurement.ModelSession session = new(first[0], threads: 1);
        Assert.Equal(Reference.Run(whole, Reference.Tensor("x", [1, 1024])).Floats(), session.Run([Reference.Tensor("x", [1, 1024])]).Floats());
    }

    /// <summary>The files are holes but for a few bytes, so that they cost no space.</summary>
    [Fact]
    public void More_than_two_gigabytes_are_read_and_written_without_being_held()
    {
        using ScratchFolder scratch = new();
        const long Megabyte = 1 << 20;
        const int Tensors = 3;
        GraphBuilder builder = new();
        string y = builder.Input("x", 1);
        for (int i = 0; i < Tensors; i++)
        {
            TensorProto tensor = new() { Name = $"large{i}", DataType = (int)TensorProto.Types.DataType.Float, Dims = { 180 * Megabyte } };
            ExternalData.Refer(tensor, "weights.bin", i * 720 * Megabyte, 720 * Megabyte);
            builder.Graph.Initializer.Add(tensor);
            y = builder.Node("Add", [y, tensor.Name]);
        }
        builder.Output(y);
        File.WriteAllBytes(scratch.File("model.onnx"), builder.Build().ToByteArray());
        using (FileStream stream = new(scratch.File("weights.bin"), FileMode.CreateNew))
        {
            stream.SetLength(Tensors * 720 * Megabyte);
            stream.Position = 2000 * Megabyte;
            stream.Write([1, 2, 3, 4]);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        ModelProto model = OnnxFile.Read(scratch.File("model.onnx"));
        IReadOnlyList<string> files = OnnxFile.Write(RemoveUnused.Apply(model), scratch.File("copy/model.onnx"));
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(allocated, 0, 100 * Megabyte);
        Assert.Equal(2, files.Count);
        Assert.Equal(Tensors * 720 * Megabyte, new FileInfo(files[1]).Length);
        TensorProto last = OnnxFile.Read(files[0]).Graph.Initializer[2];
        byte[] bytes = new byte[4];
        ExternalData.Read(last, (2000 - 1440) * Megabyte, bytes);
        Assert.Equal([1, 2, 3, 4], bytes);
    }

    [Theory]
    [InlineData("../weights.bin", 0, 4)]
    [InlineData("/etc/hostname", 0, 4)]
    [InlineData("missing.bin", 0, 4)]
    [InlineData("weights.bin", 0, 1_000_000)]
    [InlineData("weights.bin", 1_000_000, 4)]
    [InlineData("weights.bin", long.MaxValue, 4)]
    [InlineData("", 0, 4)]
    public void What_leads_out_of_the_folder_or_the_file_is_refused(string location, long offset, long length)
    {
        using ScratchFolder scratch = new();
        File.WriteAllBytes(scratch.File("weights.bin"), new byte[64]);
        ModelProto model = Model(1);
        ExternalData.Refer(model.Graph.Initializer[0], location, offset, length);
        File.WriteAllBytes(scratch.File("model.onnx"), model.ToByteArray());

        DiagnosticException exception = Assert.Throws<DiagnosticException>(() => OnnxFile.Read(scratch.File("model.onnx")));
        Assert.Equal("OCT2006", exception.Diagnostic.Code);
    }

    [Theory]
    [InlineData("link.bin")]
    [InlineData("folder/weights.bin")]
    public void A_link_out_of_the_folder_is_refused(string location)
    {
        using ScratchFolder scratch = new();
        string inside = Directory.CreateDirectory(scratch.File("inside")).FullName;
        string outside = Directory.CreateDirectory(scratch.File("outside")).FullName;
        File.WriteAllBytes(Path.Combine(outside, "weights.bin"), new byte[64]);
        try
        {
            File.CreateSymbolicLink(Path.Combine(inside, "link.bin"), Path.Combine(outside, "weights.bin"));
            Directory.CreateSymbolicLink(Path.Combine(inside, "folder"), outside);
        }
        catch (UnauthorizedAccessException)
        {
            // Windows lets not every user make links; then there is nothing to test.
            return;
        }
        ModelProto model = Model(1);
        ExternalData.Refer(model.Graph.Initializer[0], location, 0, 4);
        File.WriteAllBytes(Path.Combine(inside, "model.onnx"), model.ToByteArray());

        Assert.Throws<DiagnosticException>(() => OnnxFile.Read(Path.Combine(inside, "model.onnx")));
    }

    [Fact]
    public void A_file_that_claims_to_be_checked_is_not_believed()
    {
        using ScratchFolder scratch = new();
        File.WriteAllBytes(scratch.File("secret"), new byte[4]);
        TensorProto tensor = new() { Name = "w", DataType = (int)TensorProto.Types.DataType.Float, Dims = { 1 } };
        ExternalData.Refer(tensor, scratch.File("secret"), 0, 4);
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "octet.bound", Value = "1" });

        Assert.Throws<InvalidDataException>(() => tensor.ToFloats());
    }

    private static ModelProto Model(int channels)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, channels);
        builder.Output(builder.Node("MatMul", [x, builder.Weights(channels, channels)]), 1, channels);
        return builder.Build();
    }

    private static string WriteWithData(ModelProto whole, ScratchFolder scratch)
    {
        ModelProto model = whole.Clone();
        using (FileStream data = new(scratch.File("weights.bin"), FileMode.CreateNew))
        {
            foreach (TensorProto tensor in model.Graph.Initializer)
            {
                byte[] bytes = tensor.RawData.ToByteArray();
                ExternalData.Refer(tensor, "weights.bin", data.Position, bytes.Length);
                data.Write(bytes);
            }
        }
        File.WriteAllBytes(scratch.File("model.onnx"), model.ToByteArray());
        return scratch.File("model.onnx");
    }
}
