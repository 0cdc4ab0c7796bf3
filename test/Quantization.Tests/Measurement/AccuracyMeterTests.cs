using System.Collections.Immutable;
using CsCheck;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Measurement;
using Octet.Quantization.Reporting;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Measurement;

public sealed class AccuracyMeterTests
{
    [Fact]
    public void Labels_come_first_and_the_drop_is_a_difference_of_shares()
    {
        AccuracyMeter meter = new(labelled: true);
        meter.Add(Scores(1, 0), Scores(1, 0), [0]);
        meter.Add(Scores(1, 0), Scores(0, 1), [0]);
        meter.Add(Scores(1, 0), Scores(0, 1), [1]);
        meter.Add(Scores(0, 1), Scores(1, 0), [1]);

        AccuracyReport report = meter.ToReport(verified: true);

        Assert.Equal(new AccuracyReport("top1", 0.75, 0.5, 0.25, 4, true), report);
    }

    [Fact]
    public void Every_row_of_a_batch_has_its_own_label()
    {
        AccuracyMeter meter = new(labelled: true);
        NamedTensor batch = new("y", [2, 2], new float[] { 1, 0, 0, 1 });
        meter.Add([batch], [batch], [0, 0]);

        Assert.Equal(new AccuracyReport("top1", 0.5, 0.5, 0, 2, true), meter.ToReport(verified: true));
    }

    [Fact]
    public void Without_labels_the_float_models_class_is_right()
    {
        AccuracyMeter meter = new(labelled: false);
        meter.Add(Scores(2, 1, 0), Scores(5, 1, 0), []);
        meter.Add(Scores(2, 1, 0), Scores(0, 1, 0), []);

        Assert.Equal(new AccuracyReport("agreement", 1, 0.5, 0.5, 2, false), meter.ToReport(verified: false));
    }

    [Fact]
    public void Other_outputs_are_compared_by_power_and_the_worst_counts()
    {
        AccuracyMeter meter = new(labelled: false);
        ImmutableArray<NamedTensor> reference = [new("a", [1, 1, 2], new float[] { 3, 4 }), new("b", [1, 1, 2], new float[] { 3, 4 })];
        ImmutableArray<NamedTensor> actual = [new("a", [1, 1, 2], new float[] { 3, 4 }), new("b", [1, 1, 2], new float[] { 3, 4.5f })];
        meter.Add(reference, actual, []);

        AccuracyReport report = meter.ToReport(verified: true);

        Assert.Equal("sqnr-db", report.Metric);
        Assert.Equal(20, report.Value, precision: 6);
        Assert.Equal(0.01, report.Drop, precision: 6);
    }

    [Theory]
    [InlineData(float.NaN, 1)]
    [InlineData(float.PositiveInfinity, 1)]
    public void A_result_that_is_no_number_is_wrong_altogether(float value, double drop)
    {
        AccuracyMeter meter = new(labelled: false);
        meter.Add([new("y", [3], new float[] { 1, 2, 3 })], [new("y", [3], new float[] { 1, value, 3 })], []);

        Assert.Equal(-Agreement.LimitDb, meter.SqnrDb);
        Assert.Equal(drop, meter.ToReport(true).Drop);
    }

    [Fact]
    public void Taken_in_parts_or_at_once_the_figures_are_the_same() => Gen.Select(Gen.Float[-10, 10].Array[8], Gen.Float[-10, 10].Array[8]).Sample((expected, got) =>
    {
        AccuracyMeter whole = new(labelled: false);
        whole.Add([new("y", [8], expected)], [new("y", [8], got)], []);
        AccuracyMeter parts = new(labelled: false);
        parts.Add([new("y", [3], expected[..3])], [new("y", [3], got[..3])], []);
        parts.Add([new("y", [5], expected[3..])], [new("y", [5], got[3..])], []);
        Assert.Equal(whole.SqnrDb, parts.SqnrDb, precision: 9);
    });

    private static ImmutableArray<NamedTensor> Scores(params float[] scores) => [new("y", [1, scores.Length], scores)];

    [Fact]
    public void Outputs_of_half_and_double_precision_are_compared()
    {
        AccuracyMeter meter = new(labelled: false);
        meter.Add([new NamedTensor("y", [2], new[] { 3.0, 4.0 })], [new NamedTensor("y", [2], new[] { 3.0, 4.5 })], []);
        Assert.Equal(20, meter.SqnrDb, 6);
        AccuracyMeter half = new(labelled: false);
        half.Add([new NamedTensor("y", [2], new[] { (Float16)3, (Float16)4 })], [new NamedTensor("y", [2], new[] { (Float16)3, (Float16)4.5f })], []);
        Assert.Equal(20, half.SqnrDb, 6);
    }

    [Fact]
    public void Where_no_output_is_a_float_tensor_elements_are_right_or_wrong()
    {
        AccuracyMeter meter = new(labelled: false);
        meter.Add([new NamedTensor("class", [4], new[] { 1L, 2, 3, 4 })], [new NamedTensor("class", [4], new[] { 1L, 2, 3, 5 })], []);
        AccuracyReport report = meter.ToReport(verified: true);
        Assert.Equal(("agreement", 0.75, 0.25), (report.Metric, report.Value, report.Drop));
    }
}
