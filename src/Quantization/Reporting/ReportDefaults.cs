using System.Collections.Immutable;

namespace Octet.Quantization.Reporting;

internal static class ReportDefaults
{
    /// <summary>A list that was never given is an empty one: whatever writes a report starts from this.</summary>
    public static QuantizationReport WithLists(this QuantizationReport report) => report with
    {
        Machine = report.Machine with { Features = report.Machine.Features.OrEmpty() },
        Models = [.. report.Models.OrEmpty().Select(WithLists)],
    };

    private static ModelReport WithLists(ModelReport model) => model with
    {
        Variants = [.. model.Variants.OrEmpty().Select(variant => variant with { LatenciesMilliseconds = variant.LatenciesMilliseconds.OrEmpty(), Conditions = variant.Conditions.OrEmpty() })],
        Layers = model.Layers.OrEmpty(),
    };

    private static ImmutableArray<T> OrEmpty<T>(this ImmutableArray<T> values) => values.IsDefault ? [] : values;
}
