using System.Collections.Immutable;
using System.IO.Compression;
using CsCheck;

namespace Octet.Runtime.Tests;

public sealed class ProbeTests
{
    private static readonly Gen<Probe> Probes =
        from tensors in Tensors.Any.Array[1, 3]
        from count in Gen.Int[0, 3]
        select new Probe([.. Enumerable.Repeat(new ProbeCase([.. tensors], [.. tensors.Reverse()]), count)]);

    [Fact]
    public void Probes_survive() => Probes.Sample(probe => AssertEqual(Named(probe), RoundTrip(Named(probe))));

    [Theory]
    [InlineData("x")]
    [InlineData("images/0:norm ä%2F\\..")]
    [InlineData("..")]
    [InlineData("模型输入")]
    public void Names_of_any_kind_survive(string name)
    {
        var probe = new Probe([new ProbeCase([Tensors.Floats(name, 1)], [Tensors.Floats(name, 2)])]);

        AssertEqual(probe, RoundTrip(probe));
    }

    [Fact]
    public void Cases_keep_their_number_beyond_ten()
    {
        var probe = new Probe([.. Enumerable.Range(0, 12).Select(i => new ProbeCase([Tensors.Floats("x", i)], []))]);

        AssertEqual(probe, RoundTrip(probe));
    }

    [Fact]
    public void Equal_probes_give_equal_bytes_whatever_the_time_and_the_stream() => Probes.Sample(probe =>
    {
        using var first = new MemoryStream();
        using var second = new MemoryStream();
        Named(probe).Write(first);
        using (var blind = new BufferedStream(new WriteOnlyStream(second)))
            Named(probe).Write(blind);
        Assert.Equal(first.ToArray(), second.ToArray());
    });

    [Fact]
    public void Entries_are_named_for_numpy_and_dated_from_the_beginning()
    {
        using var stream = new MemoryStream();
        new Probe([new ProbeCase([Tensors.Floats("a/b", 1)], [Tensors.Floats("y", 2)])]).Write(stream);

        using var archive = new ZipArchive(stream);
        Assert.Equal(["0/in/a%2Fb.npy", "0/out/y.npy"], archive.Entries.Select(entry => entry.FullName));
        Assert.All(archive.Entries, entry => Assert.Equal(new DateTime(1980, 1, 1), entry.LastWriteTime.DateTime));
    }

    [Theory]
    [InlineData("x.npy")]
    [InlineData("0/x.npy")]
    [InlineData("-1/in/x.npy")]
    [InlineData("a/in/x.npy")]
    [InlineData("0/inout/x.npy")]
    [InlineData("0/in/x.txt")]
    [InlineData("0/in/deep/x.npy")]
    public void Foreign_entries_are_refused(string name)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        using (Stream entry = archive.CreateEntry(name).Open())
            Npy.Write(entry, Tensors.Floats("x", 1));

        Assert.Throws<InvalidDataException>(() => Probe.Read(stream));
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        using var stream = new MemoryStream();
        new Probe([new ProbeCase([Tensors.Floats("x", 1, 2)], [Tensors.Floats("y", 3)])]).Write(stream);
        byte[] whole = stream.ToArray();

        for (int length = 0; length < whole.Length; length++)
            Assert.Throws<InvalidDataException>(() => Probe.Read(new MemoryStream(whole, 0, length)));
    }

    [Fact]
    public void Damage_is_refused_or_read_as_something_else()
    {
        using var stream = new MemoryStream();
        new Probe([new ProbeCase([Tensors.Floats("x", 1, 2)], [Tensors.Floats("y", 3)])]).Write(stream);
        byte[] whole = stream.ToArray();

        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte).Sample((position, value) =>
        {
            byte[] damaged = [.. whole];
            damaged[position] = value;
            Exception? exception = Record.Exception(() => Probe.Read(new MemoryStream(damaged)));
            Assert.True(exception is null or InvalidDataException, exception?.ToString());
        });
    }

    private static Probe RoundTrip(Probe probe)
    {
        using var stream = new MemoryStream();
        probe.Write(stream);
        stream.Position = 0;
        return Probe.Read(stream);
    }

    /// <summary>Gives the tensors of a case different names.</summary>
    private static Probe Named(Probe probe)
    {
        return new Probe([.. probe.Cases.Select(value => new ProbeCase(Number(value.Inputs, "x"), Number(value.Outputs, "y")))]);

        static ImmutableArray<NamedTensor> Number(ImmutableArray<NamedTensor> tensors, string prefix) =>
            [.. tensors.Select((tensor, i) => new NamedTensor(prefix + i, tensor.Shape, tensor.Data))];
    }

    private static void AssertEqual(Probe expected, Probe actual)
    {
        Assert.Equal(expected.Cases.Length, actual.Cases.Length);
        for (int i = 0; i < expected.Cases.Length; i++)
        {
            AssertTensorsEqual(expected.Cases[i].Inputs, actual.Cases[i].Inputs);
            AssertTensorsEqual(expected.Cases[i].Outputs, actual.Cases[i].Outputs);
        }
    }

    private static void AssertTensorsEqual(ImmutableArray<NamedTensor> expected, ImmutableArray<NamedTensor> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Tensors.AssertEqual(expected[i], actual[i]);
    }

    private sealed class WriteOnlyStream(MemoryStream target) : MemoryStream
    {
        public override bool CanSeek => false;

        public override void Write(byte[] buffer, int offset, int count) => target.Write(buffer, offset, count);

        public override void Write(ReadOnlySpan<byte> buffer) => target.Write(buffer);
    }
}
