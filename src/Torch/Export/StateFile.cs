using System.Collections.Immutable;
using System.Text;
using Octet.Quantization.Diagnostics;
using Octet.Torch.Conversion;
using TorchSharp;

namespace Octet.Torch.Export;

/// <summary>A tensor of a checkpoint.</summary>
/// <param name="Name">Its name in the state dict.</param>
/// <param name="ElementType">Its element type.</param>
/// <param name="Dimensions">Its extents.</param>
/// <param name="Data">Its elements, row-major, little-endian.</param>
internal sealed record StateTensor(string Name, torch.ScalarType ElementType, ImmutableArray<long> Dimensions, ReadOnlyMemory<byte> Data);

/// <summary>
/// Reads what <c>module.save</c> writes: the number of tensors; then of each its name, element type, rank, extents and elements. Numbers are LEB128, the name is that of BinaryWriter.
/// </summary>
internal static class StateFile
{
    /// <summary>Reads all tensors.</summary>
    /// <exception cref="DiagnosticException">OCT2106: it is no such file, or it ends too early.</exception>
    public static ImmutableArray<StateTensor> Read(string path, string moduleType)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            using BinaryReader reader = new(stream, Encoding.UTF8);
            ImmutableArray<StateTensor>.Builder tensors = ImmutableArray.CreateBuilder<StateTensor>();
            for (long remaining = reader.Read7BitEncodedInt64(); remaining > 0; remaining--)
            {
                string name = reader.ReadString();
                torch.ScalarType type = (torch.ScalarType)reader.Read7BitEncodedInt64();
                long rank = reader.Read7BitEncodedInt64();
                if (rank is < 0 or > 64 || type.ToOnnx() is null)
                    throw new InvalidDataException($"tensor '{name}' has element type {(int)type} and rank {rank}");
                ImmutableArray<long> dims = [.. Enumerable.Range(0, (int)rank).Select(_ => reader.Read7BitEncodedInt64())];
                long bytes = dims.Aggregate((long)type.Size(), (product, extent) => checked(product * extent));
                if (bytes < 0 || bytes > stream.Length - stream.Position)
                    throw new EndOfStreamException($"it ends within tensor '{name}'");
                tensors.Add(new StateTensor(name, type, dims, reader.ReadBytes(checked((int)bytes))));
            }
            return tensors.ToImmutable();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException or InvalidDataException or OverflowException)
        {
            throw new DiagnosticException(DiagnosticCatalog.Create("OCT2106", path, moduleType, $"it is no readable file of module.save ({exception.Message.TrimEnd('.')})"), exception);
        }
    }
}
