using System.IO.Compression;
using CsCheck;
using Octet.Torch.Checkpoints;

namespace Octet.Torch.Tests.Checkpoints;

public class CheckpointRoundTripTests
{
    private static readonly Gen<TorchElementType> ElementType = Gen.OneOfConst(Enum.GetValues<TorchElementType>());

    private static readonly Gen<CheckpointTensor> Tensor =
        from name in Gen.String[Gen.Char["abcdefghijklmnopqrstuvwxyz0123456789._äß"], 1, 30]
        from type in ElementType
        from dimensions in Gen.Long[0, 5].Array[0, 4]
        from data in Gen.Byte.Array[(int)dimensions.Aggregate(1L, (product, extent) => product * extent) * ElementSize(type)]
        select new CheckpointTensor(name, type, [.. dimensions], data);

    internal static readonly Gen<CheckpointTensor[]> Tensors =
        from tensors in Tensor.Array[1, 8]
        select tensors.DistinctBy(tensor => tensor.Name).ToArray();

    [Fact]
    public void What_TorchSharp_writes_is_read() =>
        Tensors.Sample(tensors => AssertSame(CheckpointFormat.TorchSharp, tensors, CheckpointWriter.TorchSharp(tensors)), iter: 300);

    [Fact]
    public void Safetensors_are_read() =>
        Tensors.Sample(tensors => AssertSame(CheckpointFormat.Safetensors, tensors, CheckpointWriter.Safetensors(tensors)), iter: 300);

    // 256 begins with the bytes of a pickle in TorchSharp's form, and so does a header of 640 bytes in that of safetensors.
    [Theory]
    [InlineData(256)]
    [InlineData(384)]
    [InlineData(640)]
    public void Files_that_begin_like_a_pickle_are_read(int length)
    {
        CheckpointTensor[] tensors = [.. Enumerable.Range(0, length).Select(i => new CheckpointTensor($"t{i}", TorchElementType.UInt8, [], new byte[] { 7 }))];
        AssertSame(CheckpointFormat.TorchSharp, tensors, CheckpointWriter.TorchSharp(tensors));
        byte[] header = CheckpointWriter.Safetensors("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""".PadRight(length), [7]);
        Assert.Equal(CheckpointFormat.Safetensors, TemporaryFile.Read(header).Format);
    }

    [Fact]
    public void State_dictionaries_are_read() =>
        Gen.Select(Tensors, Gen.OneOfConst<string?>(null, "state_dict", "model_state_dict"), Gen.Bool, Gen.OneOfConst(CompressionLevel.NoCompression, CompressionLevel.Fastest)).Sample(
            (tensors, below, ordered, compression) =>
                AssertSame(CheckpointFormat.StateDictionary, tensors, CheckpointWriter.StateDictionary(tensors, below, ordered, compression)),
            iter: 300);

    [Fact]
    public void Views_are_put_into_row_major_order() =>
        Gen.Select(Gen.Int[0, 5].Array[1, 4], Gen.Int[0, 7], Gen.Int[0, 3].Array[4]).Sample((extents, offset, steps) =>
        {
            long[] dimensions = [.. extents.Select(extent => (long)extent)];
            long[] strides = [.. dimensions.Select((_, axis) => (long)steps[axis] * (axis + 1))];
            long reach = offset + dimensions.Select((extent, axis) => Math.Max(0, extent - 1) * strides[axis]).Sum();
            float[] storage = [.. Enumerable.Range(0, (int)reach + 1).Select(i => i * 0.5f)];
            var pickle = new PickleWriter().EmptyDictionary().Mark().Text("view").Tensor("FloatStorage", "0", storage.Length, offset, dimensions, strides).SetItems();

            CheckpointTensor tensor = TemporaryFile.Read(CheckpointWriter.Archive(pickle.ToArray(), [("data/0", Bytes(storage))])).Tensors.Single();

            Assert.Equal(dimensions, tensor.Dimensions);
            Assert.Equal(Expected(storage, offset, dimensions, strides), Floats(tensor.Data));
        }, iter: 300);

    [Fact]
    public void Tensors_over_one_storage_share_its_memory()
    {
        PickleWriter pickle = new PickleWriter().EmptyDictionary().Mark()
            .Text("whole").Tensor("FloatStorage", "0", 6, 0, [6], [1])
            .Text("end").Tensor("FloatStorage", "0", 6, 2, [2, 2], [2, 1])
            .SetItems();
        Checkpoint checkpoint = TemporaryFile.Read(CheckpointWriter.Archive(pickle.ToArray(), [("data/0", Bytes([1, 2, 3, 4, 5, 6]))]));

        Assert.Equal([3, 4, 5, 6], Floats(checkpoint.Tensors[1].Data));
        Assert.True(checkpoint.Tensors[0].Data.Span[8..].Overlaps(checkpoint.Tensors[1].Data.Span));
    }

    [Fact]
    public void Parameters_and_untyped_storages_are_read()
    {
        PickleWriter pickle = new PickleWriter().EmptyDictionary().Mark()
            .Text("parameter").Global("torch._utils", "_rebuild_parameter").Mark().Tensor("FloatStorage", "0", 2, 0, [2], [1])
            .Boolean(true).Global("collections", "OrderedDict").EmptyTuple().Reduce().Tuple().Reduce()
            .Text("typed").Global("torch._utils", "_rebuild_tensor_v3").Mark()
            .Mark().Text("storage").Global("torch.storage", "UntypedStorage").Text("1").Text("cpu").Integer(4).Tuple().PersistentId()
            .Integer(0).Integers([2]).Integers([1]).Boolean(false).Global("collections", "OrderedDict").EmptyTuple().Reduce().Global("torch", "int16").Tuple().Reduce()
            .SetItems();
        Checkpoint checkpoint = TemporaryFile.Read(CheckpointWriter.Archive(pickle.ToArray(), [("data/0", Bytes([1, 2])), ("data/1", [1, 0, 2, 0])]));

        Assert.Equal(["parameter", "typed"], checkpoint.Tensors.Select(tensor => tensor.Name));
        Assert.Equal([TorchElementType.Float32, TorchElementType.Int16], checkpoint.Tensors.Select(tensor => tensor.ElementType));
    }

    [Fact]
    public void What_stands_beside_a_state_dictionary_is_not_loaded()
    {
        // The optimizer's storage is not even there.
        PickleWriter pickle = new PickleWriter().EmptyDictionary().Mark()
            .Text("optimizer").EmptyDictionary().Mark().Text("state").None().SetItems()
            .Text("state_dict").EmptyDictionary().Mark().Text("w").Tensor("FloatStorage", "0", 1, 0, [], []).Text("extra").Integer(7).SetItems()
            .SetItems();
        Assert.Equal("w", TemporaryFile.Read(CheckpointWriter.Archive(pickle.ToArray(), [("data/0", Bytes([1]))])).Tensors.Single().Name);
    }

    private static void AssertSame(CheckpointFormat format, IReadOnlyList<CheckpointTensor> expected, byte[] file)
    {
        Checkpoint checkpoint = TemporaryFile.Read(file);
        Assert.Equal(format, checkpoint.Format);
        Assert.Equal(expected.Select(Describe), checkpoint.Tensors.Select(Describe));
    }

    private static string Describe(CheckpointTensor tensor) =>
        $"{tensor.Name} {tensor.ElementType} [{string.Join(",", tensor.Dimensions)}] {Convert.ToHexString(tensor.Data.Span)}";

    private static List<float> Expected(float[] storage, long offset, long[] dimensions, long[] strides)
    {
        List<long> places = [offset];
        for (int axis = 0; axis < dimensions.Length; axis++)
            places = [.. from place in places from index in Enumerable.Range(0, (int)dimensions[axis]) select place + index * strides[axis]];
        return [.. places.Select(place => storage[place])];
    }

    internal static byte[] Bytes(float[] values) => System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values).ToArray();

    private static float[] Floats(ReadOnlyMemory<byte> data) => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(data.Span).ToArray();

    private static int ElementSize(TorchElementType type) => type switch
    {
        TorchElementType.UInt8 or TorchElementType.Int8 or TorchElementType.Bool => 1,
        TorchElementType.Int16 or TorchElementType.Float16 or TorchElementType.BFloat16 => 2,
        TorchElementType.Int64 or TorchElementType.Float64 => 8,
        _ => 4,
    };
}
