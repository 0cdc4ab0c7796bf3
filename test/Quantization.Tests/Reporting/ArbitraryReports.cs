using System.Collections.Immutable;
using System.Text.Json.Nodes;
using CsCheck;
using Octet.Quantization.Reporting;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Reporting;

/// <summary>Any report at all: figures that make no sense, names that mean harm.</summary>
internal static class ArbitraryReports
{
    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.String[Gen.Char[' ', '~'], 0, 60],
        Gen.String[Gen.Char, 0, 20].Select(WithoutHalfPairs),
        Gen.OneOfConst("", "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "a|b`c*d_e", "line\r\n##vso[task] x", "\u0001\u0000", "模型", new string('n', 300), "]]>", "--><!--"));

    private static readonly Gen<double> Number = Gen.OneOf(
        Gen.Double[0.001, 1000],
        Gen.OneOfConst(double.NaN, double.PositiveInfinity, double.NegativeInfinity, 0, -1, -200, 200, 1e-300, 1e300, double.Epsilon, double.MaxValue));

    private static readonly Gen<double?> Perhaps = Gen.OneOf(Gen.Const((double?)null), Number.Select(value => (double?)value));

    private static readonly Gen<AccuracyReport?> Accuracy =
        from metric in Gen.OneOf(Gen.OneOfConst("sqnr-db", "top1", "agreement"), Text)
        from reference in Perhaps
        from value in Number
        from drop in Number
        from samples in Gen.Int[0, 1000]
        from verified in Gen.Bool
        from present in Gen.Bool
        select present ? new AccuracyReport(metric, reference, value, drop, samples, verified) : null;

    private static readonly Gen<JsonObject?> Recipe =
        from text in Text
        from number in Number
        from present in Gen.Bool
        select present ? new JsonObject { ["a"] = text, ["b"] = new JsonArray(number, null, true), ["c"] = new JsonObject { ["d"] = 1 } } : null;

    private static readonly Gen<ImmutableArray<double>> Latencies =
        Gen.OneOf(Number.Array[0, 30].Select(values => values.ToImmutableArray()), Gen.Const(default(ImmutableArray<double>)));

    private static readonly Gen<ImmutableArray<ConditionFigures>> Conditions = Gen.OneOf(
        Gen.Const(default(ImmutableArray<ConditionFigures>)),
        Gen.Select(Gen.Int[0, 64], Gen.Int[1, 64], Number.Array[4], (threads, batch, figures) => new ConditionFigures(threads, batch, figures[0], figures[1], figures[2], figures[3]))
            .Array[0, 3].Select(figures => figures.ToImmutableArray()));

    private static readonly Gen<VariantReport> Variant =
        from name in Gen.OneOf(Gen.OneOfConst("float", "int8"), Text)
        from size in Gen.Long
        from figures in Number.Array[5]
        from accuracy in Accuracy
        from nodes in Gen.Int.Array[3]
        from verdict in Gen.OneOf(Gen.OneOfConst("baseline", "faster", "slower", "inaccurate", "failed"), Text)
        from reason in Text
        from recipe in Recipe
        from latencies in Latencies
        from conditions in Conditions
        from recommended in Gen.Int[-1, 2]
        select new VariantReport(name, "p", size, figures[0], figures[1], figures[2], figures[3], figures[4], accuracy, nodes[0], nodes[1], nodes[2], verdict, reason, recipe, latencies)
        {
            Conditions = conditions,
            RecommendedThreads = recommended < 0 ? null : recommended,
        };

    private static readonly Gen<LayerReport> Layer =
        from node in Text
        from op in Text
        from figures in Perhaps.Array[3]
        from quantized in Gen.Bool
        select new LayerReport(node, op, figures[0], figures[1], figures[2], quantized);

    private static readonly Gen<ModelReport> Model =
        from name in Text
        from selected in Gen.OneOf(Gen.OneOfConst("float", "int8"), Text)
        from reason in Text
        from variants in Variant.Array[0, 5]
        from layers in Layer.Array[0, 20]
        from threads in Gen.Int[0, 64]
        from batch in Gen.Int[0, 64]
        select new ModelReport(name, "models/m.onnx", "00", selected, reason, [.. variants], [.. layers], threads, batch);

    public static readonly Gen<QuantizationReport> Any =
        from cpu in Text
        from features in Text.Array[0, 3]
        from models in Model.Array[0, 3]
        select new QuantizationReport(1, new MachineDescription(cpu, [.. features], 2, "Linux x64", "1.31.1"), [.. models]);

    private static string WithoutHalfPairs(string text) => string.Concat(text.Where(c => !char.IsSurrogate(c)));
}
