using System.Text;

namespace Octet.Runtime.Operators;

/// <summary>Reads which operator sets a model imports, and nothing else of it.</summary>
/// <remarks>Fields by onnx.proto: ModelProto.opset_import is 8, OperatorSetIdProto.domain is 1. The encoding is that of protobuf.</remarks>
internal static class ImportedDomains
{
    private const int OpsetImportField = 8;
    private const int DomainField = 1;

    /// <summary>The domains, in the file's order; "" is ONNX's own.</summary>
    /// <exception cref="InvalidDataException">The stream holds no ONNX model.</exception>
    public static IEnumerable<string> Of(Stream model)
    {
        while (model.Position < model.Length)
        {
            long end = ReadField(model, model.Length, out int field);
            if (field == OpsetImportField)
                yield return ReadDomain(model, end);
            model.Position = end;
        }
    }

    private static string ReadDomain(Stream model, long end)
    {
        string domain = "";
        while (model.Position < end)
        {
            long fieldEnd = ReadField(model, end, out int field);
            if (field == DomainField)
            {
                byte[] bytes = new byte[fieldEnd - model.Position];
                for (int read = 0; read < bytes.Length;)
                    read += model.Read(bytes, read, bytes.Length - read) is > 0 and int count ? count : throw NotAModel();
                domain = Encoding.UTF8.GetString(bytes);
            }
            model.Position = fieldEnd;
        }
        return domain;
    }

    /// <summary>Reads a field's number and leaves the stream at its content.</summary>
    /// <returns>Where the content ends.</returns>
    private static long ReadField(Stream model, long limit, out int field)
    {
        ulong tag = ReadVarint(model);
        field = (int)(tag >> 3);
        long start = model.Position;
        switch (tag & 7)
        {
            case 0:
                _ = ReadVarint(model);
                return model.Position;
            case 1:
                return Within(8);
            case 2:
                ulong length = ReadVarint(model);
                start = model.Position;
                return Within(length);
            case 5:
                return Within(4);
            default:
                throw NotAModel();
        }

        long Within(ulong length) => length <= (ulong)Math.Max(0, limit - start) ? start + (long)length : throw NotAModel();
    }

    private static ulong ReadVarint(Stream model)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            int next = model.ReadByte();
            if (next < 0)
                break;
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }
        throw NotAModel();
    }

    private static InvalidDataException NotAModel() => new("This is no ONNX model: its fields are not those of a protobuf message.");
}
