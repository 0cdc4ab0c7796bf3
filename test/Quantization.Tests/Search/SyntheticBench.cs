using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Emission;
using Octet.Quantization.Measurement;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Search;

namespace Octet.Quantization.Tests.Search;

/// <summary>A machine on which every node and conversion takes the time that a test says. Its "variants" are tokens that stand for recipes.</summary>
/// <param name="full">The recipe with everything integer.</param>
internal sealed class SyntheticBench(StaticRecipe full) : IRegionBench
{
    private readonly RegionGraph _graph = RegionGraph.Of(full);
    private readonly Dictionary<ModelProto, StaticRecipe> _emitted = new(ReferenceEqualityComparer.Instance);

    /// <summary>The time outside the regions.</summary>
    public double Rest { get; init; } = 10;

    /// <summary>A region's time, by name, given which regions are integer.</summary>
    public required Func<string, IReadOnlySet<string>, double> Time { get; init; }

    /// <summary>A value's conversion time.</summary>
    public Func<string, double> Conversion { get; init; } = _ => 1;

    /// <summary>What the profiler shows, where that is not what it takes.</summary>
    public Func<string, IReadOnlySet<string>, double>? Profiled { get; init; }

    /// <summary>Whether a variant fails to run.</summary>
    public Func<IReadOnlySet<string>, bool> Breaks { get; init; } = _ => false;

    /// <summary>The integer regions of each variant that was compared.</summary>
    public List<string> Compared { get; } = [];

    public ModelProto Emit(StaticRecipe recipe)
    {
        ModelProto token = new();
        _emitted[token] = recipe;
        return token;
    }

    public (NodeProfile Reference, NodeProfile Candidate) Profile(ModelProto reference, ModelProto candidate) => (ProfileOf(reference), ProfileOf(candidate));

    public IReadOnlyList<SpeedRatio> Compare(ModelProto candidate, params IReadOnlyList<ModelProto> others)
    {
        HashSet<string> integer = IntegerOf(candidate);
        Compared.Add(string.Join(' ', _graph.Regions.Where(region => integer.Contains(region.Name)).Select(region => region.Name)));
        if (Breaks(integer))
            Break();
        return [.. others.Select(other => TimeOf(other) / TimeOf(candidate)).Select(ratio => new SpeedRatio(ratio, ratio * 0.999, ratio * 1.001))];
    }

    /// <summary>The least time of any choice that a plan can make.</summary>
    public double LeastTime() => Enumerable.Range(0, 1 << _graph.Regions.Length).Min(bits => TimeOf(Emit(full.LeaveFloat(
        _graph.Regions.Where((_, i) => (bits >> i & 1) == 0).Select(region => region.Name), "test"))));

    public double TimeOf(ModelProto model)
    {
        HashSet<string> integer = IntegerOf(model);
        bool[] labels = [.. _graph.Regions.Select(region => integer.Contains(region.Name))];
        return Rest + _graph.Regions.Sum(region => Time(region.Name, integer)) + _graph.Values.Sum(value => (value.IsQuantized(labels) || value.IsDequantized(labels)) ? Conversion(value.Name) : 0);
    }

    private NodeProfile ProfileOf(ModelProto model)
    {
        HashSet<string> integer = IntegerOf(model);
        bool[] labels = [.. _graph.Regions.Select(region => integer.Contains(region.Name))];
        return new NodeProfile(
            _graph.Regions.ToImmutableDictionary(region => region.Name, region => (Profiled ?? Time)(region.Name, integer)),
            Conversions(value => value.IsQuantized(labels)),
            Conversions(value => value.IsDequantized(labels)),
            ImmutableDictionary<string, double>.Empty,
            _graph.Values.ToImmutableDictionary(value => value.Name, _ => 64L),
            Rest);
    }

    private ImmutableDictionary<string, double> Conversions(Func<RegionValue, bool> isConverted) => _graph.Values.Where(isConverted).ToImmutableDictionary(value => value.Name, value => Conversion(value.Name));

    // Float is no token: it is the prepared model itself.
    private HashSet<string> IntegerOf(ModelProto model) =>
        _emitted.TryGetValue(model, out StaticRecipe? recipe) ? [.. _graph.Regions.Select(region => region.Name).Where(recipe.Plan.Contains)] : [];

    // An exception of ONNX Runtime cannot be made, only had.
    private static void Break()
    {
        using InferenceSession session = new([1]);
    }
}
