using System.Collections.Immutable;

namespace Octet.Quantization.Calibration.Data;

/// <summary>Which data feeds which model, and how.</summary>
/// <param name="Files">
/// Files or folders, absolute. Folders are searched with all that lies below them, in ordinal order. Images (.png, .jpg, .jpeg, .bmp,
/// .tga, .gif), .npy, .npz, ONNX test data .pb, .csv and .csv.gz are read; other files are left alone.
/// </param>
/// <param name="Inputs">The model's inputs in its order.</param>
/// <param name="ModelPath">The model's file, which diagnostics name.</param>
/// <param name="Preprocessing">How images become tensors (see <see cref="ImagePreprocessing"/>); empty: guessed from the input, and said.</param>
/// <param name="Labels">
/// A folder with one folder a class, the word <c>folders</c> (the files lie in folders side by side, one a class), or a csv of
/// <c>file,label</c>. Classes count in ordinal order of their names, or are what the names say where all are integers. Empty: only
/// data in .csv files whose last column is a label has labels.
/// </param>
/// <param name="BatchSize">Items a sample where the model leaves the batch open; a batch that the model fixes goes before.</param>
/// <param name="MaximumSamples">No more samples than this are taken, spread evenly over the data; zero or less: all.</param>
public sealed record SampleSourceOptions(
    ImmutableArray<string> Files, ImmutableArray<ModelInput> Inputs, string ModelPath, string? Preprocessing, string? Labels,
    int BatchSize, int MaximumSamples)
{
    /// <summary>The word for labels from the folders that the files lie in.</summary>
    public const string LabelsFromFolders = "folders";
}
