using CsCheck;
using Octet.Quantization.Search;

namespace Octet.Quantization.Tests.Search;

/// <summary>Cuts against all others, on graphs small enough to try them.</summary>
public sealed class MinimumCutTests
{
    private const int MostRegions = 7;

    private static readonly Gen<double> Time = Gen.Int[0, 30].Select(time => time / 2.0);

    [Fact]
    public void The_best_choice_of_regions_is_found() =>
        (from regions in Gen.Int[1, MostRegions]
         from values in Gen.Int[0, 10]
         from graph in GraphOf(regions, values)
         from times in Gen.Select(Time.Array[regions], Time.Array[regions], Time.Array[values], Time.Array[values])
         select (graph, costs: Costs(times.Item1, times.Item2, times.Item3, times.Item4)))
        .Sample(test =>
        {
            bool[] found = test.graph.Solve(test.costs);
            Assert.True(IsAllowed(test.graph, found));
            double least = Choices(test.graph.Regions.Length).Where(choice => IsAllowed(test.graph, choice)).Min(choice => test.graph.Time(test.costs, choice));
            Assert.Equal(least, test.graph.Time(test.costs, found), 9);
        });

    [Fact]
    public void A_value_with_several_readers_is_converted_once()
    {
        // A float value with three readers that gain 4 each: one conversion of 10 is worth it, three were not.
        RegionGraph read = new([.. Enumerable.Range(0, 3).Select(i => new Region($"r{i}", [$"r{i}"], []))], [new RegionValue("x", 1, -1, [0, 1, 2], ReadAsFloat: false, [])]);
        Assert.Equal([true, true, true], read.Solve(Costs([5, 5, 5], [1, 1, 1], [10], [0])));
        Assert.Equal([false, false, false], read.Solve(Costs([5, 5, 5], [1, 1, 1], [12.5], [0])));

        // An integer value that three float regions read.
        RegionGraph written = new([.. Enumerable.Range(0, 4).Select(i => new Region($"r{i}", [$"r{i}"], []))], [new RegionValue("x", 1, 0, [1, 2, 3], ReadAsFloat: true, [])]);
        Assert.Equal([true, false, false, false], written.Solve(Costs([20, 1, 1, 1], [1, 9, 9, 9], [0], [10])));
        Assert.Equal(11 + 3, written.Time(Costs([20, 1, 1, 1], [1, 9, 9, 9], [0], [10]), [true, false, false, false]));
    }

    [Fact]
    public void What_is_equally_fast_stays_float()
    {
        RegionGraph graph = new([new Region("r", ["r"], [])], [new RegionValue("x", 1, -1, [0], ReadAsFloat: false, [])]);
        Assert.Equal([false], graph.Solve(Costs([5], [3], [2], [0])));
        Assert.Equal([true], graph.Solve(Costs([5], [2.999], [2], [0])));
    }

    [Fact]
    public void A_deep_network_is_no_recursion()
    {
        MinimumCut cut = new();
        int last = MinimumCut.Source;
        for (int i = 0; i < 50_000; i++)
        {
            int node = cut.AddNode();
            cut.AddEdge(last, node, i == 30_000 ? 1 : 2);
            last = node;
        }
        cut.AddEdge(last, MinimumCut.Sink, 2);
        Assert.Equal(30_001, cut.Solve().Count(source => source));
    }

    private static Gen<RegionGraph> GraphOf(int regions, int values)
    {
        // A region reads what earlier ones compute: producers come before readers.
        Gen<RegionValue> value =
            from producer in Gen.Int[-1, regions - 1]
            from readers in Gen.Int[0, regions - 1].Array[0, 3]
            from readAsFloat in Gen.Bool
            select new RegionValue("", 1, producer, [.. readers.Where(reader => reader > producer).Distinct().Order()], readAsFloat, []);
        Gen<Region> region =
            from required in Gen.Int[0, 4 * regions]
            from reader in Gen.Int[-3 * regions, regions - 1]
            select new Region("", [], required < regions ? [required] : [], Math.Max(-1, reader));
        return from all in region.Array[regions]
               from between in value.Array[values]
               select new RegionGraph([.. all.Select((one, i) => one with { Name = $"r{i}" })], [.. between.Select((one, i) => one with { Name = $"v{i}" })]);
    }

    private static RegionCosts Costs(double[] @float, double[] integer, double[] quantize, double[] dequantize) =>
        new(@float.Sum(), 0, [.. @float], [.. integer], [.. quantize.Select(time => (double?)time)], [.. dequantize.Select(time => (double?)time)]);

    private static bool IsAllowed(RegionGraph graph, bool[] integer) => graph.Regions.Select((region, i) => (region, i))
        .All(pair => !integer[pair.i] || (pair.region.Requires.All(required => integer[required]) && (pair.region.NeedsReader < 0 || integer[pair.region.NeedsReader])));

    private static IEnumerable<bool[]> Choices(int regions) =>
        Enumerable.Range(0, 1 << regions).Select(bits => Enumerable.Range(0, regions).Select(region => (bits >> region & 1) == 1).ToArray());
}
