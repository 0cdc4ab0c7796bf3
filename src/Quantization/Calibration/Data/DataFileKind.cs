namespace Octet.Quantization.Calibration.Data;

/// <summary>The kinds of files that samples are read from, told apart by the name's end.</summary>
internal enum DataFileKind
{
    None,
    Image,
    Npy,
    Npz,
    OnnxTensor,
    Csv,
}
