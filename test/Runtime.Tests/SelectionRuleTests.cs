using CsCheck;

namespace Octet.Runtime.Tests;

public sealed class SelectionRuleTests
{
    private static readonly SelectionCandidate Float = Candidate("float", 10, 1, 1, 1, 200);

    private static readonly Gen<SelectionCandidate> Any =
        from speedup in Gen.Double[0.2, 5]
        from below in Gen.Double[0, 1]
        from above in Gen.Double[0, 1]
        from sqnr in Gen.Double[-200, 200]
        from state in Gen.Enum<CandidateState>()
        select Candidate("", 10 / speedup, speedup, Math.Max(0, speedup - below), speedup + above, sqnr) with { State = state };

    [Theory]
    [InlineData(1.05, 1.025)]
    [InlineData(1.0, 1.0)]
    [InlineData(1.5, 1.25)]
    public void Margin_is_half_of_what_the_build_asks(double minSpeedup, double expected) =>
        Assert.Equal(expected, SelectionRule.Margin(minSpeedup), 12);

    [Theory]
    // The whole interval must lie beyond 1.025.
    [InlineData(1.10, 1.03, 1.20, "int8")]
    [InlineData(1.10, 1.025, 1.20, "float")]
    [InlineData(3.00, 1.02, 9.00, "float")]
    [InlineData(0.80, 0.75, 0.85, "float")]
    [InlineData(5.00, 0, double.PositiveInfinity, "float")]
    public void Variant_is_taken_only_where_it_is_surely_faster(double speedup, double low, double high, string expected) =>
        Assert.Equal(expected, SelectionRule.Choose([Float, Candidate("int8", 10 / speedup, speedup, low, high, 30)], 1.05).Variant);

    [Fact]
    public void Fastest_of_the_winners_is_taken()
    {
        SelectionCandidate fast = Candidate("int8", 4, 2.5, 2.4, 2.6, 25);
        SelectionCandidate slower = Candidate("float16", 5, 2, 1.9, 2.1, 60);
        SelectionCandidate uncertain = Candidate("wild", 2, 5, 0.9, 9, 90);

        Assert.Equal("int8", SelectionRule.Choose([Float, slower, fast, uncertain], 1.05).Variant);
    }

    [Fact]
    public void Of_winners_that_are_equally_fast_the_more_accurate_one_is_taken()
    {
        SelectionCandidate first = Candidate("int8", 4.00, 2.5, 2.4, 2.6, 25);
        SelectionCandidate second = Candidate("int8-portable", 4.08, 2.45, 2.35, 2.55, 31);
        SelectionCandidate unknown = Candidate("other", 4.05, 2.45, 2.35, 2.55, null);

        Assert.Equal("int8-portable", SelectionRule.Choose([Float, first, second, unknown], 1.05).Variant);
        Assert.Equal("int8", SelectionRule.Choose([Float, first, second with { MedianMilliseconds = 4.2 }, unknown], 1.05).Variant);
    }

    [Theory]
    [InlineData(CandidateState.NotMeasured)]
    [InlineData(CandidateState.NotShipped)]
    [InlineData(CandidateState.Missing)]
    [InlineData(CandidateState.Damaged)]
    [InlineData(CandidateState.Failed)]
    [InlineData(CandidateState.Disagrees)]
    public void Only_what_was_measured_counts(CandidateState state) =>
        Assert.Equal("float", SelectionRule.Choose([Float, Candidate("int8", 1, 10, 9, 11, 30) with { State = state }], 1.05).Variant);

    [Fact]
    public void Reasons_have_the_figures()
    {
        SelectionCandidate winner = Candidate("int8", 4, 2.5, 2.4, 2.6, 25);
        SelectionCandidate loser = Candidate("int8", 10, 1.01, 0.98, 1.03, 25);

        Assert.Equal("It runs 2.50 times as fast as the float model (95 % interval 2.40 to 2.60).", SelectionRule.Choose([Float, winner], 1.05).Reason);
        string reason = SelectionRule.Choose([Float, loser], 1.05).Reason;
        Assert.Contains("int8, runs 1.01 times", reason);
        Assert.Contains("0.98 to 1.03", reason);
        Assert.Contains("1.025", reason);
        Assert.Contains(
            "int8: its file is gone",
            SelectionRule.Choose([Float, loser with { State = CandidateState.Missing, Reason = "its file is gone" }], 1.05).Reason);
        Assert.Equal("The build shipped no other variant.", SelectionRule.Choose([Float], 1.05).Reason);
    }

    [Fact]
    public void Choice_is_float_or_a_measured_variant_beyond_the_margin_and_does_not_depend_on_order() =>
        Gen.Select(Any.Array[0, 6], Gen.Double[1, 1.5]).Sample((others, minSpeedup) =>
        {
            SelectionCandidate[] named = [.. others.Select((candidate, i) => candidate with { Variant = $"v{i}" })];
            string chosen = SelectionRule.Choose([Float, .. named], minSpeedup).Variant;

            Assert.Equal(chosen, SelectionRule.Choose([Float, .. named.Reverse()], minSpeedup).Variant);
            bool anyWins = named.Any(Wins);
            if (chosen == "float")
                Assert.False(anyWins);
            else
                Assert.True(Wins(named.Single(candidate => candidate.Variant == chosen)));

            bool Wins(SelectionCandidate candidate) => candidate.State == CandidateState.Measured && candidate.SpeedupLow > SelectionRule.Margin(minSpeedup);
        });

    private static SelectionCandidate Candidate(string variant, double median, double speedup, double low, double high, double? sqnr) => new()
    {
        Variant = variant,
        State = CandidateState.Measured,
        MedianMilliseconds = median,
        Speedup = speedup,
        SpeedupLow = low,
        SpeedupHigh = high,
        SqnrDb = sqnr,
    };
}
