using Octet.Quantization;
using Octet.Quantization.Methods;
using Octet.Quantization.Reporting;

namespace Octet.Tool.Checkpoints;

/// <summary>A float model that was made of a checkpoint.</summary>
internal static class ExportedModel
{
    /// <summary>Lets a report speak of the checkpoint where it speaks of the source, and of the exported model where it speaks of the float variant.</summary>
    /// <param name="report">The exported model's.</param>
    /// <param name="request">The request that has the checkpoint as its model.</param>
    public static ModelReport Describe(ModelReport report, QuantizationRequest request) => report with
    {
        Sha256 = FileHash.Of(request.ModelPath),
        Variants = [.. report.Variants.Select(row => row.Name == Variants.Float ? row with { Path = request.FloatFileName } : row)],
    };
}
