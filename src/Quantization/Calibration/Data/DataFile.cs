using System.Collections.Immutable;
using Octet.Runtime;

namespace Octet.Quantization.Calibration.Data;

/// <summary>One file (or the files of one sample) that rows of input are read from. Thread-safe.</summary>
internal abstract class DataFile(string path)
{
    /// <summary>The file that diagnostics name.</summary>
    public string Path { get; } = path;

    /// <summary>How many rows it holds.</summary>
    public virtual long Rows => 1;

    /// <summary>Whether rows have a batch dimension of 1 to be joined along; otherwise a row is a whole sample.</summary>
    public abstract bool IsBatchable { get; }

    /// <summary>Reads one row.</summary>
    /// <exception cref="UnreadableDataException">The row cannot be read; so say the others that it describes.</exception>
    /// <exception cref="Diagnostics.DiagnosticException">The data does not fit the model.</exception>
    public abstract DataRow Read(long row);
}

/// <summary>One row of a file.</summary>
/// <param name="Tensors">One an input of the model, in its order.</param>
/// <param name="Label">The label that stands beside the data, as written.</param>
internal readonly record struct DataRow(ImmutableArray<NamedTensor> Tensors, string? Label = null);
