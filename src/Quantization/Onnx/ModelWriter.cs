using Google.Protobuf;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Onnx;

/// <summary>Writes models whose large weights still lie in other files, block by block, so that they are never held whole.</summary>
internal static class ModelWriter
{
    /// <summary>What fits into one protobuf message, less room for the message's own fields.</summary>
    public const long LargestSingleFile = int.MaxValue - (1 << 20);

    private const int BlockSize = 1 << 20;

    // As ONNX Runtime writes it: a page, so that a tensor can be mapped.
    private const int Alignment = 4096;

    /// <summary>Writes the model in one file where it has at most <paramref name="largestSingleFile"/> bytes, else in two.</summary>
    public static IReadOnlyList<string> Write(ModelProto model, string path, long largestSingleFile)
    {
        TensorProto[] bound = [.. model.ConstantTensors().Where(ExternalData.IsBound)];
        TensorProto[] embedded = [.. model.ConstantTensors().Where(tensor => tensor.RawData.Length >= BlockSize)];
        long size = SizeWithout(model, embedded) + bound.Concat(embedded).Sum(tensor => tensor.ByteCount());
        if (size > largestSingleFile)
            return WriteTwoFiles(model, path);

        if (bound.Length == 0)
            AtomicFile.Write(path, stream => model.WriteTo(stream));
        else
            AtomicFile.Write(path, stream => WriteEmbedding(model, stream));
        return [path];
    }

    // CalculateSize counts in 32 bits, so that the large tensors, whose bytes are known, must be out of its way.
    private static long SizeWithout(ModelProto model, TensorProto[] embedded)
    {
        if (embedded.Length == 0)
            return model.CalculateSize();
        ModelProto shell = model.Clone();
        foreach (TensorProto tensor in shell.ConstantTensors().Where(tensor => tensor.RawData.Length >= BlockSize))
            tensor.ClearRawData();
        return shell.CalculateSize();
    }

    private static string[] WriteTwoFiles(ModelProto model, string path)
    {
        ModelProto shell = model.Clone();
        string dataPath = path + ".data";
        AtomicFile.Write(dataPath, stream =>
        {
            foreach ((TensorProto tensor, TensorProto source) in shell.ConstantTensors().Zip(model.ConstantTensors()).ToArray())
            {
                long length = source.ByteCount();
                if (!ExternalData.IsBound(source) && source.RawData.Length < ExternalData.LargeTensor)
                    continue;
                stream.Position = (stream.Position + Alignment - 1) / Alignment * Alignment;
                ExternalData.Refer(tensor, Path.GetFileName(dataPath), stream.Position, length);
                CopyBytes(source, stream);
            }
            stream.SetLength(stream.Position);
        });
        AtomicFile.Write(path, stream => shell.WriteTo(stream));
        return [path, dataPath];
    }

    /// <summary>Writes the bytes that the model would have with its bound tensors inside, field by field.</summary>
    private static void WriteEmbedding(ModelProto model, Stream stream)
    {
        ModelProto outside = model.Clone();
        GraphProto graph = outside.Graph;
        outside.Graph = null;
        TensorProto[] initializers = [.. graph.Initializer];
        graph.Initializer.Clear();
        // Only the main graph's initializers are worth the trouble; what else is bound is brought in.
        foreach (TensorProto tensor in new ModelProto { Graph = graph, Functions = { outside.Functions } }.ConstantTensors().Where(ExternalData.IsBound))
            ExternalData.Load(tensor);

        (TensorProto Shell, TensorProto Source)[] tensors = [.. initializers.Select(source => (ShellOf(source), source))];
        using CodedOutputStream output = new(stream, leaveOpen: true);
        outside.WriteTo(output);
        long graphSize = graph.CalculateSize() + tensors.Sum(tensor => FieldSize(GraphProto.InitializerFieldNumber, tensor.Shell.CalculateSize() + RawFieldSize(tensor.Source)));
        output.WriteTag(ModelProto.GraphFieldNumber, WireFormat.WireType.LengthDelimited);
        output.WriteLength((int)graphSize);
        graph.WriteTo(output);
        foreach ((TensorProto shell, TensorProto source) in tensors)
        {
            output.WriteTag(GraphProto.InitializerFieldNumber, WireFormat.WireType.LengthDelimited);
            output.WriteLength((int)(shell.CalculateSize() + RawFieldSize(source)));
            shell.WriteTo(output);
            if (!ExternalData.IsBound(source))
                continue;
            output.WriteTag(TensorProto.RawDataFieldNumber, WireFormat.WireType.LengthDelimited);
            output.WriteLength((int)source.ByteCount());
            output.Flush();
            CopyBytes(source, stream);
        }
    }

    private static TensorProto ShellOf(TensorProto source)
    {
        if (!ExternalData.IsBound(source))
            return source;
        TensorProto shell = source.Clone();
        shell.ExternalData.Clear();
        shell.ClearDataLocation();
        return shell;
    }

    private static long RawFieldSize(TensorProto source) => ExternalData.IsBound(source) ? FieldSize(TensorProto.RawDataFieldNumber, source.ByteCount()) : 0;

    private static long FieldSize(int field, long content) =>
        CodedOutputStream.ComputeTagSize(field) + CodedOutputStream.ComputeLengthSize((int)content) + content;

    private static void CopyBytes(TensorProto tensor, Stream stream)
    {
        if (!ExternalData.IsBound(tensor))
        {
            stream.Write(tensor.RawData.Span);
            return;
        }
        byte[] block = new byte[BlockSize];
        long length = tensor.ByteCount();
        for (long start = 0; start < length; start += BlockSize)
        {
            Span<byte> bytes = block.AsSpan(0, (int)Math.Min(BlockSize, length - start));
            ExternalData.Read(tensor, start, bytes);
            // A hole in a sparse file stays a hole.
            if (bytes.ContainsAnyExcept((byte)0))
                stream.Write(bytes);
            else
                stream.Seek(bytes.Length, SeekOrigin.Current);
        }
        if (stream.Position > stream.Length)
            stream.SetLength(stream.Position);
    }
}
