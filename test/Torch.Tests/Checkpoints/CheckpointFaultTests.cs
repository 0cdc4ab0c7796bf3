using System.IO.Compression;
using System.Text;
using Octet.Quantization.Diagnostics;
using Octet.Torch.Checkpoints;

namespace Octet.Torch.Tests.Checkpoints;

public class CheckpointFaultTests
{
    private static readonly CheckpointTensor Weight = new("fc.weight", TorchElementType.Float32, [2, 2], new byte[16]);

    [Fact]
    public void A_missing_file_is_told()
    {
        Diagnostic diagnostic = Assert.Throws<DiagnosticException>(() => CheckpointReader.Read("/nowhere/weights.dat")).Diagnostic;
        Assert.Equal("OCT2121", diagnostic.Code);
        Assert.Contains("it is not there", diagnostic.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_is_told() =>
        Assert.Equal("OCT2121", Assert.Throws<DiagnosticException>(() => CheckpointReader.Read(Path.GetTempPath())).Diagnostic.Code);

    [Theory]
    [InlineData("")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n")]
    [InlineData("<!DOCTYPE html><html><body>Not found</body></html>")]
    [InlineData("\u0089HDF\r\n\u001a\n")]
    public void Other_files_are_no_checkpoints(string content) => TemporaryFile.Refused("OCT2122", Encoding.Latin1.GetBytes(content));

    [Fact]
    public void Other_zip_archives_are_no_checkpoints() => TemporaryFile.Refused("OCT2122", CheckpointWriter.Zip([("readme.txt", [1])]));

    [Fact]
    public void Files_cut_anywhere_are_never_read()
    {
        foreach (byte[] file in new[] { CheckpointWriter.TorchSharp([Weight]), CheckpointWriter.Safetensors([Weight]), CheckpointWriter.StateDictionary([Weight]) })
        {
            for (int length = 0; length < file.Length; length++)
            {
                using var cut = new TemporaryFile(file[..length]);
                Assert.Throws<DiagnosticException>(() => CheckpointReader.Read(cut.Path));
            }
        }
    }

    [Fact]
    public void A_cut_TorchSharp_checkpoint_says_what_is_missing() =>
        Assert.Contains("tensor 'fc.weight' is said to be 16 bytes", TemporaryFile.Refused("OCT2123", CheckpointWriter.TorchSharp([Weight])[..^1]), StringComparison.Ordinal);

    [Fact]
    public void Bytes_after_the_end_are_refused()
    {
        TemporaryFile.Refused("OCT2123", [.. CheckpointWriter.TorchSharp([Weight]), 0]);
        TemporaryFile.Refused("OCT2123", [.. CheckpointWriter.Safetensors([Weight]), 0]);
        TemporaryFile.Refused("OCT2123", [.. CheckpointWriter.StateDictionary([Weight]), 0]);
    }

    [Fact]
    public void A_name_that_occurs_twice_is_refused()
    {
        TemporaryFile.Refused("OCT2123", CheckpointWriter.TorchSharp([Weight, Weight]));
        TemporaryFile.Refused("OCT2123", CheckpointWriter.StateDictionary([Weight, Weight]));
        TemporaryFile.Refused("OCT2123", CheckpointWriter.Safetensors("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", [1, 2]));
    }

    [Fact]
    public void An_archive_with_an_entry_twice_is_refused() =>
        TemporaryFile.Refused("OCT2123", CheckpointWriter.Zip([("model/data.pkl", new PickleWriter().None().ToArray()), ("model/data.pkl", new PickleWriter().None().ToArray())]));

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4)]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}""", 6)]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}""", 8)]
    [InlineData("""{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,4]}}""", 4)]
    [InlineData("""{"a":{"dtype":"U8","shape":[4611686018427387904,4611686018427387904],"data_offsets":[0,4]}}""", 4)]
    [InlineData("""{"a":{"dtype":"U8","shape":"4","data_offsets":[0,4]}}""", 4)]
    [InlineData("""{"a":{"dtype":"U8","shape":[4]}}""", 4)]
    [InlineData("""{"a":7}""", 4)]
    [InlineData("""{"a" """, 4)]
    public void A_header_that_contradicts_the_data_is_refused(string header, int data) => TemporaryFile.Refused("OCT2123", CheckpointWriter.Safetensors(header, new byte[data]));

    [Theory]
    [InlineData("os", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("__main__", "Net")]
    [InlineData("torch", "load")]
    [InlineData("numpy.core.multiarray", "scalar")]
    [InlineData("__torch__", "Net")]
    public void A_pickle_that_names_anything_else_is_refused(string module, string name)
    {
        byte[] pickle = new PickleWriter().Global(module, name).Mark().Text("echo").Tuple().Reduce().ToArray();
        Assert.Contains($"{module}.{name}", TemporaryFile.Refused("OCT2124", CheckpointWriter.Archive(pickle, [])), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_instruction_that_could_call_is_refused()
    {
        TemporaryFile.Refused("OCT2124", Archive(new PickleWriter().Mark().Raw([(byte)'i', .. "os\nsystem\n"u8])));
        TemporaryFile.Refused("OCT2124", Archive(new PickleWriter().Mark().Raw((byte)'o')));
        TemporaryFile.Refused("OCT2124", Archive(new PickleWriter().Text("os").Text("system").Raw(0x93)));
        TemporaryFile.Refused("OCT2124", Archive(new PickleWriter().EmptyList().EmptyTuple().Reduce()));
        TemporaryFile.Refused("OCT2124", Archive(new PickleWriter().Global("torch", "FloatStorage").EmptyTuple().Reduce()));
        TemporaryFile.Refused("OCT2124", Archive(new PickleWriter().Global("collections", "OrderedDict").EmptyTuple().EmptyDictionary().Raw(0x92)));
        TemporaryFile.Refused("OCT2124", Archive(new PickleWriter().EmptyList().EmptyDictionary().Build()));
        TemporaryFile.Refused("OCT2124", Archive(new PickleWriter().Raw(0x82, 1)));
    }

    [Fact]
    public void A_view_beyond_its_storage_is_refused()
    {
        foreach ((long offset, long[] dimensions, long[] strides) in new (long, long[], long[])[]
        {
            (0, [5], [1]), (1, [4], [1]), (0, [2], [4]), (-1, [1], [1]), (0, [2], [-1]), (0, [2], []), (0, [long.MaxValue, 2], [0, 0]), (long.MaxValue, [2], [long.MaxValue]),
        })
            TemporaryFile.Refused("OCT2123", Archive(Single("FloatStorage", offset, dimensions, strides), ("data/0", new byte[16])));
    }

    [Fact]
    public void A_few_bytes_never_become_many()
    {
        TemporaryFile.Refused("OCT2123", Archive(Single("FloatStorage", 0, [1 << 20, 1 << 10], [0, 0]), ("data/0", new byte[16])));
        byte[] bomb = CheckpointWriter.StateDictionary([new("w", TorchElementType.UInt8, [1 << 25], new byte[1 << 25])], compression: CompressionLevel.SmallestSize);
        Assert.True(bomb.Length < 1 << 16);
        TemporaryFile.Refused("OCT2123", bomb);
    }

    [Fact]
    public void A_wrong_checksum_is_refused()
    {
        byte[] file = CheckpointWriter.StateDictionary([Weight with { Data = Enumerable.Repeat((byte)0xA5, 16).ToArray() }]);
        file[file.AsSpan().IndexOf(Enumerable.Repeat((byte)0xA5, 16).ToArray())] ^= 1;
        Assert.Contains("checksum", TemporaryFile.Refused("OCT2123", file), StringComparison.Ordinal);
    }

    [Fact]
    public void A_storage_that_is_missing_is_refused() => TemporaryFile.Refused("OCT2123", Archive(Single("FloatStorage", 0, [4], [1])));

    [Fact]
    public void Quantized_and_complex_tensors_are_refused_with_the_reason()
    {
        Assert.Contains("quantized", TemporaryFile.Refused("OCT2125", Archive(Single("QInt8Storage", 0, [4], [1]), ("data/0", new byte[16]))), StringComparison.Ordinal);
        Assert.Contains("complex", TemporaryFile.Refused("OCT2125", Archive(Single("ComplexFloatStorage", 0, [1], [1]), ("data/0", new byte[16]))), StringComparison.Ordinal);
        TemporaryFile.Refused("OCT2125", Archive(new PickleWriter().Global("torch._utils", "_rebuild_qtensor")));
        TemporaryFile.Refused("OCT2125", Archive(new PickleWriter().Global("torch._utils", "_rebuild_sparse_tensor")));
        TemporaryFile.Refused("OCT2125", CheckpointWriter.Safetensors("""{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}""", [0]));
        TemporaryFile.Refused("OCT2125", CheckpointWriter.TorchSharp([Weight with { ElementType = (TorchElementType)12 }]));
    }

    [Fact]
    public void Numbers_with_the_high_byte_first_are_refused()
    {
        byte[] file = CheckpointWriter.Zip([("m/data.pkl", new PickleWriter().EmptyDictionary().ToArray()), ("m/byteorder", "big"u8.ToArray())]);
        Assert.Contains("'big'", TemporaryFile.Refused("OCT2125", file), StringComparison.Ordinal);
    }

    [Fact]
    public void Exported_programs_are_refused() =>
        Assert.Contains(".pt2", TemporaryFile.Refused("OCT2125", CheckpointWriter.Zip([("m/archive_format", "pt2"u8.ToArray()), ("m/models/model.json", [1])])), StringComparison.Ordinal);

    [Fact]
    public void Forms_that_were_given_up_are_refused_with_advice()
    {
        byte[] magic = [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, (byte)'.'];
        Assert.Contains("1.6", TemporaryFile.Refused("OCT2126", magic), StringComparison.Ordinal);
        var tar = new byte[1024];
        "storages"u8.CopyTo(tar);
        "ustar"u8.CopyTo(tar.AsSpan(257));
        TemporaryFile.Refused("OCT2126", tar);
    }

    [Fact]
    public void A_module_without_weights_saves_no_tensors() => Assert.Empty(TemporaryFile.Read([0]).Tensors);

    [Fact]
    public void Files_without_named_tensors_are_refused()
    {
        TemporaryFile.Refused("OCT2127", CheckpointWriter.Safetensors("""{"__metadata__":{"format":"pt"}}""", []));
        TemporaryFile.Refused("OCT2127", Archive(new PickleWriter().Integer(7)));
        TemporaryFile.Refused("OCT2127", Archive(new PickleWriter().EmptyDictionary().Mark().Text("epoch").Integer(7).SetItems()));
        TemporaryFile.Refused("OCT2127", Archive(new PickleWriter().Tensor("FloatStorage", "0", 4, 0, [4], [1]), ("data/0", new byte[16])));
    }

    [Fact]
    public void A_pickle_that_holds_itself_ends()
    {
        PickleWriter pickle = new PickleWriter().EmptyDictionary().Put(0).Mark().Text("state_dict").Get(0).SetItems();
        TemporaryFile.Refused("OCT2127", Archive(pickle));
        PickleWriter module = new PickleWriter().Global("__torch__", "Net").EmptyTuple().NewObject().Put(0).EmptyDictionary().Mark().Text("self").Get(0).SetItems().Build();
        TemporaryFile.Refused("OCT2123", Archive(module, ("constants.pkl", [])));
    }

    private static PickleWriter Single(string storage, long offset, long[] dimensions, long[] strides) =>
        new PickleWriter().EmptyDictionary().Mark().Text("w").Tensor(storage, "0", 4, offset, dimensions, strides).SetItems();

    private static byte[] Archive(PickleWriter pickle, params (string Name, byte[] Content)[] entries) => CheckpointWriter.Archive(pickle.ToArray(), entries);
}
