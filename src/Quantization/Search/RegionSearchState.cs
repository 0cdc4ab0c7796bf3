using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Octet.Quantization.Search;

/// <summary>A choice that was measured.</summary>
/// <param name="Integer">The regions that were integer, in the model's order.</param>
/// <param name="Step">Why it was tried: "everything integer", "least predicted time", or a flip of what was best.</param>
/// <param name="Predicted">The speed-up over the float model that was predicted; null where nothing was known yet.</param>
/// <param name="Measured">The speed-up over the float model that was measured; 0 where the variant did not run.</param>
/// <param name="Low">Lower end of its 95 % interval.</param>
/// <param name="High">Upper end.</param>
/// <param name="Kept">Whether it was faster than the best before it.</param>
public sealed record TriedPartition(ImmutableArray<string> Integer, string Step, double? Predicted, double Measured, double Low, double High, bool Kept);

/// <summary>What is known of a region, µs.</summary>
/// <param name="Region">Its name.</param>
/// <param name="Float">Its time as float.</param>
/// <param name="Integer">Its time as integer.</param>
public sealed record RegionTime(string Region, double Float, double Integer);

/// <summary>What is known of a value's conversions, µs; null where one was never seen.</summary>
/// <param name="Value">Its name.</param>
/// <param name="Elements">Its number of elements; 0 where it is not known.</param>
/// <param name="Quantize">To 8 bits.</param>
/// <param name="Dequantize">And back.</param>
public sealed record ConversionTime(string Value, long Elements, double? Quantize, double? Dequantize);

/// <summary>All that a search has learned, so that another can go on from there. It holds for one model on one machine.</summary>
/// <param name="Key">What it holds for: <see cref="RegionSearchSettings.Key"/>.</param>
/// <param name="Total">The float model's time, µs.</param>
/// <param name="Rest">The part of it outside the regions.</param>
/// <param name="Regions">The regions' times.</param>
/// <param name="Conversions">The conversions' times.</param>
/// <param name="Tried">What was measured, in that order.</param>
public sealed record RegionSearchState(string Key, double Total, double Rest, ImmutableArray<RegionTime> Regions, ImmutableArray<ConversionTime> Conversions, ImmutableArray<TriedPartition> Tried)
{
    /// <summary>The fastest choice so far; null where none was faster than the float model.</summary>
    [JsonIgnore]
    public TriedPartition? Best => Tried.LastOrDefault(tried => tried.Kept);

    /// <summary>Writes the state as json: UTF-8, the same bytes for the same state.</summary>
    public void Write(Stream stream) => JsonSerializer.Serialize(stream, this, RegionSearchJson.Default.RegionSearchState);

    /// <summary>Reads what <see cref="Write"/> has written.</summary>
    /// <returns>Null where it is something else: a search then begins anew.</returns>
    public static RegionSearchState? Read(Stream stream)
    {
        try
        {
            RegionSearchState? state = JsonSerializer.Deserialize(stream, RegionSearchJson.Default.RegionSearchState);
            return state is null || state.Regions.IsDefault || state.Conversions.IsDefault || state.Tried.IsDefault || state.Tried.Any(tried => tried.Integer.IsDefault) ? null : state;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The graph with its values' sizes, and the times by position; null where they are not those of the graph's regions and values.</summary>
    internal (RegionGraph Graph, RegionCosts Costs)? Of(RegionGraph graph)
    {
        if (!Regions.Select(region => region.Region).SequenceEqual(graph.Regions.Select(region => region.Name)) ||
            !Conversions.Select(conversion => conversion.Value).SequenceEqual(graph.Values.Select(value => value.Name)))
            return null;
        RegionGraph sized = graph with { Values = [.. graph.Values.Zip(Conversions, (value, conversion) => value with { Elements = conversion.Elements })] };
        RegionCosts costs = new(
            Total,
            Rest,
            [.. Regions.Select(region => region.Float)],
            [.. Regions.Select(region => region.Integer)],
            [.. Conversions.Select(conversion => conversion.Quantize)],
            [.. Conversions.Select(conversion => conversion.Dequantize)]);
        return (sized, costs.Fitted(sized));
    }

    /// <summary>The state of a search.</summary>
    internal static RegionSearchState Of(string key, RegionGraph graph, RegionCosts costs, ImmutableArray<TriedPartition> tried) => new(
        key,
        costs.Total,
        costs.Rest,
        [.. graph.Regions.Select((region, i) => new RegionTime(region.Name, costs.Float[i], costs.Integer[i]))],
        [.. graph.Values.Select((value, i) => new ConversionTime(value.Name, value.Elements, costs.Quantize[i], costs.Dequantize[i]))],
        tried);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(RegionSearchState))]
internal sealed partial class RegionSearchJson : JsonSerializerContext;
