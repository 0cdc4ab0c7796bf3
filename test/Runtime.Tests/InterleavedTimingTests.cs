using System.Collections.Immutable;

namespace Octet.Runtime.Tests;

public sealed class InterleavedTimingTests
{
    private readonly FakeClock _clock = new();

    [Fact]
    public void Steady_runs_give_their_latency_and_ratio()
    {
        ImmutableArray<TimingResult> results = Measure([_clock.Taking(10), _clock.Taking(4)], new TimingOptions());

        Assert.Equal((10, 0), (results[0].MedianMilliseconds, results[0].MadMilliseconds));
        Assert.Equal((1, 1, 1), (results[0].Speedup, results[0].SpeedupLow, results[0].SpeedupHigh));
        Assert.Equal(4, results[1].MedianMilliseconds, 9);
        Assert.Equal(2.5, results[1].Speedup, 9);
        Assert.Equal(2.5, results[1].SpeedupLow, 9);
        Assert.Equal(2.5, results[1].SpeedupHigh, 9);
    }

    [Theory]
    [InlineData(10, 15, 200)]
    [InlineData(0.0001, 15, 200)]
    [InlineData(1000, 15, 20)]
    public void Progress_rises_to_the_end(double seconds, int minimum, int maximum)
    {
        List<double> shares = [];
        Measure([_clock.Taking(100), _clock.Taking(50)], new TimingOptions { Budget = TimeSpan.FromSeconds(seconds), MinimumRounds = minimum, MaximumRounds = maximum, Progress = new Told(shares) });
        Assert.Equal(shares.Order(), shares);
        Assert.Equal(1, shares[^1], 9);
        Assert.True(seconds < 0.001 || shares[0] < 0.5);
    }

    private sealed class Told(List<double> shares) : IProgress<double>
    {
        public void Report(double value) => shares.Add(value);
    }

    [Fact]
    public void Drift_and_outliers_do_not_move_the_ratio()
    {
        // The machine gets slower and slower, and every fifth run of the variant is interrupted for a second.
        double drift = 1;
        Action slowing = _clock.Taking(_ => 10 * (drift *= 1.01));
        Action variant = _clock.Taking(call => 5 * drift + (call % 5 == 0 ? 1000 : 0));

        ImmutableArray<TimingResult> results = Measure([slowing, variant], new TimingOptions { MinimumRounds = 50, MaximumRounds = 50 });

        Assert.Equal(50, results[1].LatenciesMilliseconds.Length);
        Assert.InRange(results[1].Speedup, 1.97, 2.03);
        Assert.True(results[1].LatenciesMilliseconds.Max() > 1000);
    }

    [Fact]
    public void Rounds_alternate_in_order()
    {
        var order = new List<int>();
        Action[] runs = [.. Enumerable.Range(0, 3).Select(i => (Action)(() =>
        {
            order.Add(i);
            _clock.Taking(2)();
        }))];

        Measure(runs, new TimingOptions { Budget = TimeSpan.Zero, MinimumWarmups = 1, MinimumRounds = 2, MaximumRounds = 2 });

        // One warm-up each; with no budget at all one round is all there is. Each sample follows an uncounted run.
        Assert.Equal([0, 1, 2, 0, 0, 1, 1, 2, 2], order);

        order.Clear();
        Measure(runs, new TimingOptions { Budget = TimeSpan.FromMilliseconds(12), MinimumWarmups = 1, MinimumRounds = 3, MaximumRounds = 3 });
        Assert.Equal([0, 0, 1, 1, 2, 2, 2, 2, 1, 1, 0, 0, 0, 0, 1, 1, 2, 2], order.TakeLast(18));
    }

    [Fact]
    public void Short_runs_are_repeated_to_fill_a_millisecond()
    {
        int calls = 0;
        Action shortRun = () =>
        {
            calls++;
            _clock.Taking(0.01)();
        };

        TimingResult result = Measure([shortRun], new TimingOptions { Budget = TimeSpan.Zero, MinimumWarmups = 1, MinimumRounds = 1 })[0];

        Assert.Equal(0.01, result.MedianMilliseconds, 9);
        // One for the warm-up, one uncounted, then a sample of 100, or 101 where rounding makes the hundred a little short.
        Assert.InRange(calls, 102, 103);
    }

    [Fact]
    public void Clock_that_stands_still_ends_and_gives_finite_figures()
    {
        TimingResult result = Measure([() => { }, () => { }], new TimingOptions { MinimumRounds = 6, MaximumRounds = 6 })[1];

        Assert.True(double.IsFinite(result.Speedup) && result.MedianMilliseconds > 0);
    }

    [Theory]
    // A warm-up of three settled runs each, 30 ms, then rounds of 20 ms, half of them uncounted: the minimum is more than the budget, the budget decides, the maximum does.
    [InlineData(50, 15)]
    [InlineData(1000, 49)]
    [InlineData(100_000, 200)]
    public void Rounds_follow_the_budget(int budgetMilliseconds, int expected)
    {
        var options = new TimingOptions { Budget = TimeSpan.FromMilliseconds(budgetMilliseconds), MinimumRounds = 15, MaximumRounds = 200 };

        TimingResult result = Measure([_clock.Taking(5), _clock.Taking(5)], options)[1];

        Assert.Equal(expected, result.LatenciesMilliseconds.Length);
    }

    [Fact]
    public void Round_longer_than_the_budget_ends_it_and_decides_nothing()
    {
        var options = new TimingOptions { Budget = TimeSpan.FromSeconds(1), MinimumRounds = 15 };

        TimingResult result = Measure([_clock.Taking(5000), _clock.Taking(1000)], options)[1];

        Assert.Single(result.LatenciesMilliseconds);
        Assert.Equal(5, result.Speedup, 9);
        Assert.Equal((0, double.PositiveInfinity), (result.SpeedupLow, result.SpeedupHigh));
    }

    [Fact]
    public void First_runs_are_warmed_away()
    {
        // The first three runs take a hundred times as long.
        Action cold = _clock.Taking(call => call <= 3 ? 500 : 5);

        TimingResult result = Measure([cold], new TimingOptions { Budget = TimeSpan.FromSeconds(60) })[0];

        Assert.Equal(5, result.LatenciesMilliseconds.Max(), 9);
    }

    [Fact]
    public void What_a_change_of_turn_costs_is_not_counted()
    {
        // Whoever ran before has emptied the caches: the first run after a change takes three times as long. The runs differ in length, so
        // that one sample is a single run and the other many, which would hide the cost in one and show it in the other.
        int last = -1;
        Action Turn(int me, double milliseconds) => () =>
        {
            _clock.Taking(last == me ? milliseconds : milliseconds * 3)();
            last = me;
        };

        ImmutableArray<TimingResult> results = Measure([Turn(0, 2), Turn(1, 0.1)], new TimingOptions());

        Assert.Equal(20, results[1].SpeedupLow, 6);
        Assert.Equal(20, results[1].SpeedupHigh, 6);
    }

    [Theory]
    [InlineData(49, 2)]
    [InlineData(50, 1)]
    public void Long_runs_are_spared_the_uncounted_one(double milliseconds, int runsPerRound)
    {
        int calls = 0;
        Action run = () =>
        {
            calls++;
            _clock.Taking(milliseconds)();
        };

        Measure([run], new TimingOptions { Budget = TimeSpan.FromSeconds(60), MinimumWarmups = 3, MinimumRounds = 10, MaximumRounds = 10 });

        Assert.Equal(3 + 10 * runsPerRound, calls);
    }

    [Fact]
    public void Cancelling_stops_before_the_next_sample()
    {
        using var cancellation = new CancellationTokenSource();
        int calls = 0;
        Action run = () =>
        {
            _clock.Taking(2)();
            if (++calls == 5)
                cancellation.Cancel();
        };

        Assert.Throws<OperationCanceledException>(() => InterleavedTiming.Measure([run], new TimingOptions(), _clock.Read, cancellation.Token));
        Assert.Equal(5, calls);
    }

    [Fact]
    public void Nothing_to_measure_is_refused()
    {
        Assert.Throws<ArgumentException>(() => InterleavedTiming.Measure([], new TimingOptions()));
        Assert.Throws<ArgumentException>(() => InterleavedTiming.Measure([() => { }], new TimingOptions { MinimumRounds = 9, MaximumRounds = 8 }));
        Assert.Throws<ArgumentException>(() => InterleavedTiming.Measure([() => { }], new TimingOptions { MinimumRounds = 0, MaximumRounds = 0 }));
    }

    [Fact]
    public void Real_clock_moves()
    {
        // Far more than it takes: the rounds end it.
        var options = new TimingOptions { Budget = TimeSpan.FromSeconds(10), MinimumRounds = 6, MaximumRounds = 6 };

        TimingResult result = InterleavedTiming.Measure([() => Thread.SpinWait(100), () => Thread.SpinWait(200)], options)[1];

        Assert.Equal(6, result.LatenciesMilliseconds.Length);
        Assert.All(result.LatenciesMilliseconds, latency => Assert.True(latency > 0));
    }

    private ImmutableArray<TimingResult> Measure(IReadOnlyList<Action> runs, TimingOptions options) =>
        InterleavedTiming.Measure(runs, options, _clock.Read, CancellationToken.None);
}
