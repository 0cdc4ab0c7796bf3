using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Tests.Calibration.Data;

public sealed class OnnxTensorTests
{
    public static TheoryData<TensorProto, Array> Typed => new()
    {
        { new TensorProto { DataType = (int)DataType.Float, FloatData = { 1, 2 } }, new float[] { 1, 2 } },
        { new TensorProto { DataType = (int)DataType.Double, DoubleData = { 1, 2 } }, new double[] { 1, 2 } },
        { new TensorProto { DataType = (int)DataType.Int8, Int32Data = { -1, 2 } }, new sbyte[] { -1, 2 } },
        { new TensorProto { DataType = (int)DataType.Uint8, Int32Data = { 1, 255 } }, new byte[] { 1, 255 } },
        { new TensorProto { DataType = (int)DataType.Int16, Int32Data = { -1, 2 } }, new short[] { -1, 2 } },
        { new TensorProto { DataType = (int)DataType.Uint16, Int32Data = { 1, 65535 } }, new ushort[] { 1, 65535 } },
        { new TensorProto { DataType = (int)DataType.Int32, Int32Data = { -1, 2 } }, new[] { -1, 2 } },
        { new TensorProto { DataType = (int)DataType.Uint32, Uint64Data = { 1, 4294967295 } }, new uint[] { 1, 4294967295 } },
        { new TensorProto { DataType = (int)DataType.Int64, Int64Data = { -1, 2 } }, new long[] { -1, 2 } },
        { new TensorProto { DataType = (int)DataType.Uint64, Uint64Data = { 1, 2 } }, new ulong[] { 1, 2 } },
        { new TensorProto { DataType = (int)DataType.Float16, Int32Data = { 0x3C00, 0x4000 } }, new[] { (Float16)1f, (Float16)2f } },
        { new TensorProto { DataType = (int)DataType.Bool, Int32Data = { 0, 1 } }, new[] { false, true } },
    };

    [Theory]
    [MemberData(nameof(Typed))]
    public void Elements_are_read_from_their_field_and_from_raw_bytes(TensorProto typed, Array expected)
    {
        typed.Dims.AddRange([2, 1]);
        NamedTensor tensor = OnnxTensor.Read(typed);
        Assert.Equal([2, 1], tensor.Shape.AsSpan());
        Assert.Equal(expected.GetType(), tensor.Data.GetType());
        Assert.Equal(expected, tensor.Data);

        byte[] bytes = TemporaryFolder.NpyBytes(expected, 2, 1)[128..];
        var raw = new TensorProto { DataType = typed.DataType, Dims = { 2, 1 }, RawData = ByteString.CopyFrom(bytes) };
        Assert.Equal(expected, OnnxTensor.Read(raw).Data);

        raw.RawData = ByteString.CopyFrom([.. bytes, 0]);
        Assert.Throws<UnreadableDataException>(() => OnnxTensor.Read(raw));
        typed.Dims[0] = 3;
        Assert.Throws<UnreadableDataException>(() => OnnxTensor.Read(typed));
    }

    [Fact]
    public void What_is_no_input_is_refused()
    {
        Assert.Throws<UnreadableDataException>(() => OnnxTensor.Read(new TensorProto()));
        Assert.Throws<UnreadableDataException>(() => OnnxTensor.Read(new TensorProto { DataType = (int)DataType.String, StringData = { ByteString.Empty } }));
        Assert.Throws<UnreadableDataException>(() => OnnxTensor.Read(new TensorProto { DataType = (int)DataType.Float, Dims = { -1 } }));
        Assert.Throws<UnreadableDataException>(() => OnnxTensor.Read(new TensorProto { DataType = (int)DataType.Float, Dims = { 1L << 40, 1L << 40 } }));
        Assert.Throws<UnreadableDataException>(() => OnnxTensor.Read(new TensorProto { DataType = (int)DataType.Float, DataLocation = TensorProto.Types.DataLocation.External }));
    }

    [Fact]
    public void A_file_that_is_no_tensor_is_refused()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<UnreadableDataException>(() => OnnxTensor.Read(folder.File("a.pb", [0xFF, 0xFF, 0xFF])));
        Assert.Throws<UnreadableDataException>(() => OnnxTensor.Read(folder.File("b.pb", [])));
    }
}
