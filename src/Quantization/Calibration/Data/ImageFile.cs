namespace Octet.Quantization.Calibration.Data;

/// <summary>One image.</summary>
internal sealed class ImageFile(string path, ImageTransform transform) : DataFile(path)
{
    public override bool IsBatchable => transform.IsBatched;

    public override DataRow Read(long row) => new([transform.Apply(ImageDecoder.Decode(Path))]);
}
