using Microsoft.ML.OnnxRuntime.Tensors;
using Octet.Quantization.Calibration.Data;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Calibration.Data;

public sealed class ArrayDataTests : SampleSourceTests
{
    [Fact]
    public void Each_row_of_an_array_is_a_sample()
    {
        string path = Temporary.Npy("x.npy", new float[] { 1, 2, 3, 4, 5, 6 }, 3, 2);
        using SampleSource source = Open(Input(-1, 2));
        Assert.Equal(3, source.Count);
        Assert.Null(source.Preprocessing);
        Assert.False(source.HasLabels);
        for (int i = 0; i < 3; i++)
        {
            Sample? sample = source.TryRead(i);
            Assert.Equal([1, 2], Shape(sample));
            Assert.Equal([1 + 2 * i, 2 + 2 * i], Floats(sample));
            Assert.Equal("x", sample!.Inputs[0].Name);
            Assert.Equal($"{path}#{i}", sample.Source);
            Assert.Null(sample.Label);
        }
        Assert.Empty(Log.All);
    }

    [Fact]
    public void Rows_can_be_read_in_any_order_and_from_many_threads()
    {
        Temporary.Npy("a.npy", Enumerable.Range(0, 4000).ToArray(), 1000, 4);
        Temporary.Npz("b.npz", ("x", Enumerable.Range(4000, 4000).Select(static value => (double)value).ToArray(), [1000, 4]));
        Temporary.Gzip("c.csv.gz", string.Join("\n", Enumerable.Range(2000, 1000).Select(static row => $"{4 * row},{4 * row + 1},{4 * row + 2},{4 * row + 3}")));
        using SampleSource source = Open(Input(1, 4));
        Assert.Equal(3000, source.Count);
        int[] order = [.. Enumerable.Range(0, 3000).OrderBy(static index => index * 7919 % 3001)];
        Parallel.ForEach(order.Take(1000), index => Assert.Equal([4 * index, 4 * index + 1, 4 * index + 2, 4 * index + 3], Floats(source.TryRead(index))));
        Parallel.For(0, 3000, index => Assert.Equal([4 * index, 4 * index + 1, 4 * index + 2, 4 * index + 3], Floats(source.TryRead(index))));
    }

    [Fact]
    public void Rows_of_several_files_make_batches_and_the_rest_is_left_out()
    {
        Temporary.Npy("a.npy", new float[] { 1, 2, 3 }, 3, 1);
        Temporary.Npy("b.npy", new float[] { 4 }, 1);
        Temporary.Npy("c.npy", new float[] { 5, 6, 7 }, 3, 1);
        using SampleSource source = Open(Input(2, 1), batch: 5);
        Assert.Equal([[1, 2], [3, 4], [5, 6]], ReadAll(source).Select(static sample => Floats(sample)));
        Assert.Equal([2, 1], Shape(source.TryRead(0)));
    }

    [Fact]
    public void The_only_batch_is_filled_up()
    {
        Temporary.Npy("a.npy", new float[] { 1, 2, 3 }, 3, 1);
        using SampleSource source = Open(Input(5, 1));
        Assert.Equal([1, 2, 3, 1, 2], Floats(Assert.Single(ReadAll(source))));
    }

    [Fact]
    public void An_open_batch_takes_the_size_that_was_asked_for()
    {
        Temporary.Npy("a.npy", new float[] { 1, 2, 3, 4, 5 }, 5, 1);
        using SampleSource source = Open(Input(-1, 1), batch: 2);
        Assert.Equal([[1, 2], [3, 4]], ReadAll(source).Select(static sample => Floats(sample)));
    }

    [Fact]
    public void Rows_of_other_lengths_do_not_join()
    {
        Temporary.Npy("a.npy", new float[] { 1 }, 1, 1);
        Temporary.Npy("b.npy", new float[] { 1, 2 }, 1, 2);
        using SampleSource source = Open(Input(2, -1));
        Throws("OCT3004", () => source.TryRead(0));
    }

    [Fact]
    public void Column_major_arrays_are_turned()
    {
        // [[1, 2, 3], [4, 5, 6]]
        Temporary.File("x.npy", TemporaryFolder.NpyBytes("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", 1, 4, 2, 5, 3, 6));
        using SampleSource source = Open(Input(-1, 3));
        Assert.Equal([[1, 2, 3], [4, 5, 6]], ReadAll(source).Select(static sample => Floats(sample)));
    }

    [Fact]
    public void Big_endian_arrays_are_turned()
    {
        Temporary.File("x.npy", TemporaryFolder.NpyBytes("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 1), }", 0, BitConverter.Int32BitsToSingle(0x0000803F)));
        using SampleSource source = Open(Input(1, 1));
        Assert.Equal([[0], [1]], ReadAll(source).Select(static sample => Floats(sample)));
    }

    [Fact]
    public void Arrays_become_what_the_model_takes()
    {
        Temporary.Npy("x.npy", new long[] { 1, 2, 300 }, 3, 1);
        using SampleSource source = Open(Input("x", TensorElementType.UInt8, 1, 1));
        Assert.Equal(new byte[] { 1 }, source.TryRead(0)!.Inputs[0].Data);
        Assert.Equal(TensorElementType.UInt8, source.TryRead(1)!.Inputs[0].ElementType);
        Assert.Null(source.TryRead(2));
        Assert.Null(source.TryRead(2));
        Assert.Contains("300", Log.Single("OCT3002"), StringComparison.Ordinal);
    }

    [Fact]
    public void Arrays_of_an_archive_go_to_the_inputs_of_their_names()
    {
        Temporary.Npz("a.npz", ("mask", new float[] { 7, 8 }, [2, 1]), ("ids:0", new long[] { 1, 2, 3, 4 }, [2, 2]), ("other", new float[9], [9]));
        using SampleSource source = Open([Input("ids:0", TensorElementType.Int64, -1, 2), Input("mask", TensorElementType.Float, -1, 1)]);
        Assert.Equal(2, source.Count);
        Sample sample = source.TryRead(1)!;
        Assert.Equal(["ids:0", "mask"], sample.Inputs.Select(static tensor => tensor.Name));
        Assert.Equal(new long[] { 3, 4 }, sample.Inputs[0].Data);
        Assert.Equal(new float[] { 8 }, sample.Inputs[1].Data);
    }

    [Fact]
    public void Escaped_names_and_a_single_array_of_any_name_are_found()
    {
        Temporary.Npz("a.npz", ("in%2Fput", new float[] { 1 }, [1, 1]), ("z", new float[1], [1]));
        Temporary.Npz("b.npz", ("arr_0", new float[] { 2 }, [1, 1]));
        using SampleSource source = Open(Input("in/put", TensorElementType.Float, 1, 1));
        Assert.Equal([[1], [2]], ReadAll(source).Select(static sample => Floats(sample)));
    }

    [Fact]
    public void An_array_for_each_input_is_needed()
    {
        Temporary.Npz("a.npz", ("x", new float[1], [1, 1]), ("z", new float[1], [1, 1]));
        using SampleSource source = Open([Input("x", TensorElementType.Float, 1, 1), Input("y", TensorElementType.Float, 1, 1)]);
        string message = Throws("OCT3009", () => source.EnsureUsable());
        Assert.Contains("'y'", message, StringComparison.Ordinal);
        Assert.Contains("x, z", message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_array_or_a_table_cannot_feed_two_inputs()
    {
        string array = Temporary.Npy("a.npy", new float[1], 1, 1);
        string table = Temporary.Text("b.csv", "1\n");
        foreach (string path in new[] { array, table })
        {
            using SampleSource source = Open([Input("x", TensorElementType.Float, 1, 1), Input("y", TensorElementType.Float, 1, 1)], files: path);
            Assert.Contains("'y'", Throws("OCT3009", () => source.TryRead(0)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_shape_that_does_not_fit_is_told_with_the_one_that_would()
    {
        Temporary.Npz("a.npz", ("x", new float[2], [1, 2]), ("y", new float[12], [3, 4]));
        using SampleSource source = Open([Input("x", TensorElementType.Float, -1, 2), Input("y", TensorElementType.Float, -1, 5)]);
        string message = Throws("OCT3004", () => source.TryRead(0));
        Assert.Contains("[3,4]", message, StringComparison.Ordinal);
        Assert.Contains("[?,5]", message, StringComparison.Ordinal);
        Assert.Contains("'y'", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 4), }")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9223372036854775807, 4), }")]
    [InlineData("{'descr': '<f4', 'fortran_order': True, 'shape': (100000000, 4), }")]
    [InlineData("{'descr': '<c8', 'fortran_order': False, 'shape': (1, 4), }")]
    [InlineData("{'descr': '|O', 'fortran_order': False, 'shape': (1, 4), }")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4), }")]
    [InlineData("nonsense")]
    public void Hostile_headers_are_refused_before_anything_is_allocated(string header)
    {
        byte[] array = TemporaryFolder.NpyBytes(header, 1, 2, 3, 4);
        Temporary.File("a.npy", array);
        using (var stream = new FileStream(Path.Combine(Root, "b.npz"), FileMode.Create))
        using (var archive = new System.IO.Compression.ZipArchive(stream, System.IO.Compression.ZipArchiveMode.Create))
        using (Stream entry = archive.CreateEntry("x.npy").Open())
            entry.Write(array);

        long before = GC.GetAllocatedBytesForCurrentThread();
        using SampleSource source = Open(Input(-1, 4));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 4 << 20);
        Assert.Equal(0, source.Count);
        Assert.Equal(["OCT3002", "OCT3002"], Log.Codes);
        string message = Throws("OCT3003", () => source.EnsureUsable());
        Assert.Contains("None of the 2", message, StringComparison.Ordinal);
        Assert.Contains("a.npy", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_is_read_and_not_the_file()
    {
        Temporary.Npy("x.npy", new float[1 << 21], 1 << 11, 1 << 10);
        using SampleSource source = Open(Input(1, 1 << 10));
        source.TryRead(0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.NotNull(source.TryRead(2000));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 18);
    }

    [Fact]
    public void Damaged_archives_are_told_and_skipped()
    {
        Temporary.Npz("a.npz", ("x", new float[] { 1 }, [1, 1]));
        byte[] good = File.ReadAllBytes(Path.Combine(Root, "a.npz"));
        Temporary.File("b.npz", good[..(good.Length / 2)]);
        Temporary.File("c.npz", []);
        // Damage in the compressed elements themselves shows where they are read.
        var random = new Random(5);
        for (int i = 0; i < 60; i++)
        {
            var damaged = (byte[])good.Clone();
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            Temporary.File($"d{i}.npz", damaged);
        }
        using SampleSource source = Open(Input(1, 1));
        Assert.Equal([1], Floats(source.TryRead(0)));
        int read = ReadAll(source).Count;
        Assert.InRange(read, 1, 60);
        Assert.All(Log.Codes, static code => Assert.Equal("OCT3002", code));
        Assert.Equal(63, read + Log.All.Count);
        Assert.Equal(Log.All.Count, Log.All.Select(static diagnostic => diagnostic.File).Distinct().Count());
    }

    [Fact]
    public void Files_are_closed_when_the_source_is()
    {
        Temporary.Npz("a.npz", ("x", new float[] { 1, 2 }, [2, 1]));
        using (SampleSource source = Open(Input(1, 1)))
            source.TryRead(0);
        using FileStream exclusive = File.Open(Path.Combine(Root, "a.npz"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.NotEqual(0, exclusive.Length);
    }

    [Fact]
    public void Arrays_written_by_the_runtime_read_back()
    {
        using var stream = new MemoryStream();
        new Probe([new ProbeCase([new NamedTensor("x", [1, 2], new float[] { 3, 4 })], [])]).Write(stream);
        Temporary.File("probe.npz", stream.ToArray());
        // One array and one input: the name 0/in/x does not matter.
        using SampleSource source = Open(Input(1, 2));
        Assert.Equal([3, 4], Floats(source.TryRead(0)));
    }
}
