using System.Collections.Immutable;
using Octet.Quantization.Measurement;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Quantization.Search;

namespace Octet.Quantization.Tests.Search;

/// <summary>Which rewritings are kept, on a machine where a model takes what its name's length says.</summary>
public sealed class RewritingSearchTests
{
    private static readonly OptionalPass[] Passes =
    [
        Append("shorter by two", name => name[..^2]),
        new("nothing to do", PassBenefits.Both, model => model.Clone()),
        Append("longer", name => name + "xxx"),
        Append("hardly shorter", name => name + "~"),
        Append("shorter by one", name => name[..^1]),
    ];

    [Fact]
    public void What_was_kept_is_written_and_read_again()
    {
        RewritingState state = new("key", "channels-last", ["merge", "crop"], Complete: true);
        using MemoryStream stream = new();
        state.Write(stream);
        stream.Position = 0;
        RewritingState read = RewritingState.Read(stream)!;
        Assert.Equal(("key", "channels-last", true), (read.Key, read.Form, read.Complete));
        Assert.Equal<string>(state.Rewrites, read.Rewrites);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("no json")]
    [InlineData("""{"key":"key","form":"qdq","complete":true}""")]
    public void What_is_no_such_state_is_not_read(string text) => Assert.Null(RewritingState.Read(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text))));

    [Fact]
    public void What_is_faster_is_kept_and_what_changes_nothing_is_not_measured()
    {
        RewritingResult result = Find(() => true);
        Assert.Equal(["shorter by two", "shorter by one"], result.Kept.ToArray());
        Assert.Equal([RewritingSearch.Everything, "shorter by two", "longer", "hardly shorter", "shorter by one"], result.Tried.Select(tried => tried.Name));
        Assert.Equal("aaaaa", result.Model.Graph.Name);
        Assert.Equal(8.0 / 6, result.Tried[1].Speed.Median, 9);
        Assert.Equal(result.Model, RewritingSearch.Apply(Model(), Passes, result.Kept));
    }

    [Fact]
    public void Without_time_the_model_is_what_it_was()
    {
        int left = 2;
        Assert.Equal(["shorter by two"], Find(() => left-- > 0).Kept.ToArray());
        Assert.Empty(Find(() => false).Tried);
    }

    [Fact]
    public void Where_all_together_are_faster_those_are_left_out_that_cost()
    {
        ImmutableArray<OptionalPass> passes = [Append("shorter by three", name => name[..^3]), Append("longer", name => name + "x"), Append("shorter by one", name => name[..^1])];
        RewritingResult result = new RewritingSearch(passes, model => model, new NamedBench(), () => true, _ => { }).Find(Model());
        Assert.Equal(["shorter by three", "shorter by one"], result.Kept.ToArray());
        Assert.Equal([RewritingSearch.Everything, "without shorter by three", "without longer", "without shorter by one"], result.Tried.Select(tried => tried.Name));
        Assert.Equal("aaaa", result.Model.Graph.Name);
    }

    private static RewritingResult Find(Func<bool> hasTime) => new RewritingSearch([.. Passes], model => model, new NamedBench(), hasTime, _ => { }).Find(Model());

    private static ModelProto Model() => new() { Graph = new GraphProto { Name = "aaaaaaaa" } };

    private static OptionalPass Append(string name, Func<string, string> rename) => new(name, PassBenefits.Both, model =>
    {
        ModelProto renamed = model.Clone();
        renamed.Graph.Name = rename(renamed.Graph.Name);
        return renamed;
    });

    private sealed class NamedBench : IRegionBench
    {
        public (NodeProfile Reference, NodeProfile Candidate) Profile(ModelProto reference, ModelProto candidate) => throw new InvalidOperationException("Nothing is profiled.");

        // "~" is a gain that chance could have made.
        public IReadOnlyList<SpeedRatio> Compare(ModelProto candidate, params IReadOnlyList<ModelProto> others) =>
        [
            .. others.Select(other => candidate.Graph.Name.EndsWith('~')
                ? new SpeedRatio(1.01, 0.99, 1.03)
                : (double)other.Graph.Name.Length / candidate.Graph.Name.Length is double ratio ? new SpeedRatio(ratio, ratio, ratio) : default),
        ];
    }
}
