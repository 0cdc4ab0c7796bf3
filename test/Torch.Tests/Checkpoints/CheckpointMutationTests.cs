using System.IO.Compression;
using CsCheck;
using Octet.Quantization.Diagnostics;
using Octet.Torch.Checkpoints;

namespace Octet.Torch.Tests.Checkpoints;

/// <summary>Whatever a file holds, reading it ends in a checkpoint or a diagnostic, in memory that is bounded by its length.</summary>
public class CheckpointMutationTests
{
    // What the reader may take for itself, budget for inflating included, and per byte of the file.
    private const long Fixed = 64 << 20;
    private const long PerByte = 200;

    private static readonly Gen<byte[]> Valid =
        from tensors in CheckpointRoundTripTests.Tensors
        from form in Gen.Int[0, 4]
        select form switch
        {
            0 => CheckpointWriter.TorchSharp(tensors),
            1 => CheckpointWriter.Safetensors(tensors),
            2 => CheckpointWriter.StateDictionary(tensors, below: "state_dict"),
            3 => CheckpointWriter.StateDictionary(tensors, ordered: false, compression: CompressionLevel.Fastest),
            _ => ScriptLikeArchive(),
        };

    private static readonly Gen<Func<byte[], byte[]>> Mutation = Gen.OneOf(
        Gen.Select(Gen.Double.Unit, Gen.Byte, (place, value) => new Func<byte[], byte[]>(file => With(file, place, value))),
        Gen.Select(Gen.Double.Unit, Gen.Int[0, 7], (place, bit) => new Func<byte[], byte[]>(file => With(file, place, (byte)(At(file, place) ^ 1 << bit)))),
        Gen.Select(Gen.Double.Unit, Gen.OneOfConst<byte>(0, 0x7F, 0x80, 0xFF), (place, value) => new Func<byte[], byte[]>(file => With(file, place, value, 4))),
        Gen.Double.Unit.Select(place => new Func<byte[], byte[]>(file => file[..(int)(place * file.Length)])),
        Gen.Select(Gen.Double.Unit, Gen.Byte.Array[1, 9], (place, inserted) => new Func<byte[], byte[]>(file => [.. file[..(int)(place * file.Length)], .. inserted, .. file[(int)(place * file.Length)..]])),
        Gen.Select(Gen.Double.Unit, Gen.Double.Unit, (from, to) => new Func<byte[], byte[]>(file => Without(file, Math.Min(from, to), Math.Max(from, to)))),
        Gen.Select(Gen.Double.Unit, Gen.Double.Unit, (from, to) => new Func<byte[], byte[]>(file => [.. file[..(int)(Math.Max(from, to) * file.Length)], .. file[(int)(Math.Min(from, to) * file.Length)..]])));

    [Fact]
    public void Mutated_files_end_in_a_result_or_a_diagnostic() =>
        Gen.Select(Valid, Mutation.Array[1, 3]).Sample((valid, mutations) => AssertHandled(mutations.Aggregate(valid, (file, mutate) => mutate(file))), iter: 2000);

    // Checksums stop nearly every mutation of a whole archive; behind them the pickle is mutated too.
    [Fact]
    public void Archives_of_mutated_pickles_end_in_a_result_or_a_diagnostic() =>
        Gen.Select(Mutation.Array[1, 3], Gen.Bool).Sample((mutations, script) =>
        {
            byte[] pickle = mutations.Aggregate(script ? ScriptPickle() : Pickle(), (bytes, mutate) => mutate(bytes));
            AssertHandled(CheckpointWriter.Archive(pickle, [("data/0", new byte[64]), ("data/1", new byte[64]), .. script ? [("constants.pkl", new PickleWriter().EmptyTuple().ToArray())] : Array.Empty<(string, byte[])>()]));
        }, iter: 2000);

    [Fact]
    public void Arbitrary_bytes_end_in_a_result_or_a_diagnostic() => Gen.Byte.Array[0, 300].Sample(AssertHandled, iter: 2000);

    private static void AssertHandled(byte[] content)
    {
        using var file = new TemporaryFile(content);
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            CheckpointReader.Read(file.Path);
        }
        catch (DiagnosticException exception)
        {
            Assert.StartsWith("OCT21", exception.Diagnostic.Code, StringComparison.Ordinal);
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= Fixed + PerByte * content.Length, $"{allocated} bytes were allocated for a file of {content.Length}");
    }

    private static byte[] Pickle() => new PickleWriter().Global("collections", "OrderedDict").EmptyTuple().Reduce().Put(0).Mark()
        .Text("first").Tensor("FloatStorage", "0", 16, 2, [2, 3], [1, 2])
        .Text("second").Tensor("LongStorage", "1", 8, 0, [8], [1])
        .SetItems().ToArray();

    private static byte[] ScriptPickle() => new PickleWriter().Global("__torch__", "Net").EmptyTuple().NewObject().Put(0).EmptyDictionary().Mark()
        .Text("weight").Tensor("FloatStorage", "0", 16, 0, [4, 4], [4, 1])
        .Text("inner").Global("__torch__", "Inner").EmptyTuple().NewObject().EmptyDictionary().Mark().Text("training").Boolean(false).SetItems().Build()
        .SetItems().Build().ToArray();

    private static byte[] ScriptLikeArchive() =>
        CheckpointWriter.Archive(ScriptPickle(), [("data/0", new byte[64]), ("constants.pkl", new PickleWriter().EmptyTuple().ToArray()), ("code/__torch__.py", "class Net(Module):\n  pass\n"u8.ToArray())]);

    private static byte At(byte[] file, double place) => file.Length == 0 ? (byte)0 : file[(int)(place * (file.Length - 1))];

    private static byte[] With(byte[] file, double place, byte value, int count = 1)
    {
        byte[] changed = [.. file];
        int start = (int)(place * Math.Max(0, file.Length - 1));
        changed.AsSpan(start, Math.Min(count, changed.Length - start)).Fill(value);
        return changed;
    }

    private static byte[] Without(byte[] file, double from, double to) => [.. file[..(int)(from * file.Length)], .. file[(int)(to * file.Length)..]];
}
