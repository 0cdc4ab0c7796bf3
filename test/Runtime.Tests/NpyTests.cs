using System.Text;
using CsCheck;
using Microsoft.ML.OnnxRuntime;

namespace Octet.Runtime.Tests;

public sealed class NpyTests
{
    private const int Maximum = 0x7FFFFFC7;

    [Fact]
    public void Every_type_and_shape_survives() => Tensors.Any.Sample(tensor =>
    {
        using var stream = new MemoryStream();
        Npy.Write(stream, tensor);
        stream.Position = 0;
        Tensors.AssertEqual(tensor, Npy.Read(stream, "x"));
        Assert.Equal(stream.Length, stream.Position);
    });

    [Fact]
    public void Reads_what_a_stream_without_length_gives_in_pieces() => Tensors.Any.Sample(tensor =>
    {
        using var stream = new MemoryStream();
        Npy.Write(stream, tensor);
        Tensors.AssertEqual(tensor, Npy.Read(new DrippingStream(stream.ToArray()), "x"));
    });

    [Fact]
    public void Long_tensors_survive_a_stream_without_length()
    {
        double[] values = [.. Enumerable.Range(0, 300_000).Select(i => i * 0.5)];
        using var stream = new MemoryStream();
        Npy.Write(stream, new NamedTensor("x", [3, 100_000], values));

        NamedTensor read = Npy.Read(new DrippingStream(stream.ToArray()), "x");

        Assert.Equal(values, (double[])read.Data);
    }

    [Fact]
    public void Writes_the_bytes_that_numpy_writes()
    {
        using var stream = new MemoryStream();
        Npy.Write(stream, new NamedTensor("x", [2], new short[] { 1, -2 }));

        // numpy.save of np.array([1, -2], dtype=np.int16): 118 bytes of header text fill 128 with what stands before it.
        string header = "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }".PadRight(117) + "\n";
        byte[] expected = [0x93, .. "NUMPY"u8, 1, 0, 118, 0, .. Encoding.ASCII.GetBytes(header), 1, 0, 0xFE, 0xFF];
        Assert.Equal(expected, stream.ToArray());
    }

    [Theory]
    [InlineData("()", new long[0])]
    [InlineData("(1,)", new long[] { 1 })]
    [InlineData("(1, 1)", new long[] { 1, 1 })]
    [InlineData("( 1 ,1L , 1, )", new long[] { 1, 1, 1 })]
    public void Shapes_are_tuples(string tuple, long[] expected)
    {
        NamedTensor tensor = Read($"{{'descr': '<f4', 'fortran_order': False, 'shape': {tuple}, }}", 0, 0, 0x80, 0x3F);

        Assert.Equal(expected.AsEnumerable(), tensor.Shape);
        Assert.Equal([1f], (float[])tensor.Data);
    }

    [Theory]
    [InlineData("{'descr':'<f4','fortran_order':False,'shape':(1,)}")]
    [InlineData("{\"shape\": (1,), \"descr\": \"=f4\", \"fortran_order\": True}\n")]
    [InlineData(" { 'fortran_order' : False , 'shape' : ( 1 , ) , 'descr' : '<f4' , } ")]
    public void Headers_need_no_certain_order_or_spacing(string header) => Assert.Equal([1f], (float[])Read(header, 0, 0, 0x80, 0x3F).Data);

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Later_versions_have_a_longer_length(byte version)
    {
        byte[] text = Encoding.UTF8.GetBytes("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }\n");
        byte[] file = [0x93, .. "NUMPY"u8, version, 0, (byte)text.Length, 0, 0, 0, .. text, 7];

        Assert.Equal([7], (byte[])Npy.Read(new MemoryStream(file), "x").Data);
    }

    [Fact]
    public void Big_endian_elements_are_turned()
    {
        Assert.Equal([1f, -2f], (float[])Read(Header(">f4", "(2,)"), 0x3F, 0x80, 0, 0, 0xC0, 0, 0, 0).Data);
        Assert.Equal([0x0102030405060708], (long[])Read(Header(">i8", "(1,)"), 1, 2, 3, 4, 5, 6, 7, 8).Data);
        Assert.Equal([new Float16(0x3C00)], (Float16[])Read(Header(">f2", "(1,)"), 0x3C, 0).Data);
    }

    [Fact]
    public void Fortran_order_becomes_row_major() =>
        // np.asfortranarray([[1, 2, 3], [4, 5, 6]]) lies as 1 4 2 5 3 6.
        Assert.Equal([1, 2, 3, 4, 5, 6], (byte[])Read(Header("|u1", "(2, 3)", fortran: true), 1, 4, 2, 5, 3, 6).Data);

    [Fact]
    public void Fortran_order_of_any_shape_is_the_reversed_shape_transposed() => Gen.Long[0, 4].Array[0, 4].Sample(shape =>
    {
        int count = (int)shape.Aggregate(1L, (product, extent) => product * extent);
        byte[] bytes = [.. Enumerable.Range(0, count).Select(i => (byte)i)];
        string tuple = string.Concat(shape.Select(extent => extent + ","));
        var read = (byte[])Read(Header("|u1", $"({tuple})", fortran: true), bytes).Data;

        // Element (i, j, ...) of the result lies where the first index runs fastest.
        for (int i = 0; i < count; i++)
        {
            long rest = i, source = 0, stride = count;
            var index = new long[shape.Length];
            for (int d = shape.Length - 1; d >= 0; d--)
                (rest, index[d]) = Math.DivRem(rest, shape[d]);
            for (int d = shape.Length - 1; d >= 0; d--)
                source += index[d] * (stride /= shape[d]);
            Assert.Equal(bytes[source], read[i]);
        }
    });

    [Fact]
    public void Booleans_are_one_or_nothing()
    {
        bool[] values = (bool[])Read(Header("|b1", "(3,)"), 0, 1, 2).Data;

        Assert.Equal([false, true, true], values);
    }

    [Theory]
    [InlineData("(2147483647, 2147483647)")]
    [InlineData("(9223372036854775807, 2)")]
    [InlineData("(4294967296, 4294967296)")]
    [InlineData("(2147483592,)")]
    [InlineData("(99999999999999999999,)")]
    [InlineData("(-1,)")]
    [InlineData("(2147483591,)")]
    [InlineData("(1, 2, 3")]
    [InlineData("[1]")]
    [InlineData("(,)")]
    public void False_shapes_are_refused_without_memory(string tuple)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Throws<InvalidDataException>(() => Read(Header("<f8", tuple), 1, 2, 3));
        Assert.Throws<InvalidDataException>(() => Npy.Read(new DrippingStream(File(Header("<f8", tuple), 1, 2, 3)), "x"));

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 16 << 20);
    }

    [Theory]
    [InlineData("{'descr': '<f4', 'fortran_order': False, }")]
    [InlineData("{'descr': '<f4', 'shape': (1,), }")]
    [InlineData("{'fortran_order': False, 'shape': (1,), }")]
    [InlineData("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }")]
    [InlineData("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }")]
    [InlineData("{'descr': '<f3', 'fortran_order': False, 'shape': (1,), }")]
    [InlineData("{'descr': '<U4', 'fortran_order': False, 'shape': (1,), }")]
    [InlineData("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }")]
    [InlineData("{'descr': 'f4', 'fortran_order': False, 'shape': (1,), }")]
    [InlineData("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,), }")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'evil': __import__('os')}")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } extra")]
    [InlineData("{'descr': '<f4")]
    [InlineData("")]
    public void Headers_that_are_not_understood_are_refused(string header) =>
        Assert.Throws<InvalidDataException>(() => Read(header, 0, 0, 0x80, 0x3F));

    [Fact]
    public void Every_truncation_is_refused()
    {
        byte[] whole = File(Header("<f4", "(3,)"), new byte[12]);
        Assert.Equal(3, Npy.Read(new MemoryStream(whole), "x").Count);

        for (int length = 0; length < whole.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => Npy.Read(new MemoryStream(whole, 0, length), "x"));
            Assert.Throws<InvalidDataException>(() => Npy.Read(new DrippingStream(whole[..length]), "x"));
        }
    }

    [Fact]
    public void Any_damage_is_refused_or_read_as_something_else() =>
        Gen.Select(Gen.Int[0, 140], Gen.Byte).Sample((position, value) =>
        {
            byte[] file = File(Header("<f4", "(3, 1)"), new byte[12]);
            file[position % file.Length] = value;
            Exception? exception = Record.Exception(() => Npy.Read(new MemoryStream(file), "x"));
            Assert.True(exception is null or InvalidDataException, exception?.ToString());
        });

    [Fact]
    public void A_header_that_claims_gigabytes_is_refused()
    {
        byte[] file = [0x93, .. "NUMPY"u8, 2, 0, 0xFF, 0xFF, 0xFF, 0x7F, .. "{'descr"u8];

        Assert.Throws<InvalidDataException>(() => Npy.Read(new MemoryStream(file), "x"));
    }

    [Fact]
    public void Longest_shape_that_fits_is_the_longest_array() =>
        // One less than too long gets as far as the missing elements.
        Assert.Contains("ends before", Assert.Throws<InvalidDataException>(() => Read(Header("|u1", $"({Maximum},)"), 1)).Message);

    private static string Header(string descr, string shape, bool fortran = false) =>
        $"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n";

    private static NamedTensor Read(string header, params byte[] elements) => Npy.Read(new MemoryStream(File(header, elements)), "x");

    private static byte[] File(string header, params byte[] elements)
    {
        byte[] text = Encoding.ASCII.GetBytes(header);
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, (byte)(text.Length >> 8), .. text, .. elements];
    }

    /// <summary>Cannot seek and gives a few bytes at a time, as an archive or a socket does.</summary>
    private sealed class DrippingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 7));
    }
}
