using System.Buffers.Binary;
using System.Text;

namespace Octet.Torch.Tests.Checkpoints;

/// <summary>Writes pickles as Python does, protocol 2, one method an instruction.</summary>
internal sealed class PickleWriter
{
    private readonly List<byte> _bytes = [0x80, 2];

    public byte[] ToArray() => [.. _bytes, (byte)'.'];

    public PickleWriter Raw(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public PickleWriter Global(string module, string name) => Raw([(byte)'c', .. Encoding.UTF8.GetBytes($"{module}\n{name}\n")]);

    public PickleWriter Mark() => Raw((byte)'(');

    public PickleWriter Tuple() => Raw((byte)'t');

    public PickleWriter EmptyTuple() => Raw((byte)')');

    public PickleWriter EmptyList() => Raw((byte)']');

    public PickleWriter Appends() => Raw((byte)'e');

    public PickleWriter EmptyDictionary() => Raw((byte)'}');

    public PickleWriter SetItems() => Raw((byte)'u');

    public PickleWriter Reduce() => Raw((byte)'R');

    public PickleWriter NewObject() => Raw(0x81);

    public PickleWriter Build() => Raw((byte)'b');

    public PickleWriter PersistentId() => Raw((byte)'Q');

    public PickleWriter None() => Raw((byte)'N');

    public PickleWriter Boolean(bool value) => Raw(value ? (byte)0x88 : (byte)0x89);

    public PickleWriter Put(byte key) => Raw((byte)'q', key);

    public PickleWriter Get(byte key) => Raw((byte)'h', key);

    public PickleWriter Integer(long value)
    {
        var bytes = new byte[8];
        if (value is >= 0 and <= byte.MaxValue)
            return Raw((byte)'K', (byte)value);
        if (value is >= int.MinValue and <= int.MaxValue)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, (int)value);
            return Raw([(byte)'J', .. bytes.AsSpan(0, 4)]);
        }

        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Raw([0x8A, 8, .. bytes]);
    }

    public PickleWriter Number(double value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteDoubleBigEndian(bytes, value);
        return Raw([(byte)'G', .. bytes]);
    }

    public PickleWriter Text(string value)
    {
        byte[] text = Encoding.UTF8.GetBytes(value);
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
        return Raw([(byte)'X', .. length, .. text]);
    }

    public PickleWriter Integers(IEnumerable<long> values)
    {
        Mark();
        foreach (long value in values)
            Integer(value);
        return Tuple();
    }

    /// <summary>A view over a storage, as <c>torch.save</c> writes it.</summary>
    public PickleWriter Tensor(string storageType, string key, long storageElements, long offset, IEnumerable<long> dimensions, IEnumerable<long> strides) =>
        Global("torch._utils", "_rebuild_tensor_v2")
            .Mark()
            .Mark().Text("storage").Global("torch", storageType).Text(key).Text("cpu").Integer(storageElements).Tuple().PersistentId()
            .Integer(offset).Integers(dimensions).Integers(strides).Boolean(false).Global("collections", "OrderedDict").EmptyTuple().Reduce()
            .Tuple().Reduce();
}
