using System.Collections.Immutable;
using Octet.Quantization.Reporting;
using Octet.Runtime;

namespace Octet.Quantization.Measurement;

/// <summary>
/// Compares a variant's outputs with the float model's, sample by sample, and with labels where there are any. Sums are kept, not outputs.
/// </summary>
/// <remarks>
/// The metric, in this order: <c>top1</c>, the share of samples whose top class is the label (drop: float's share minus the variant's);
/// <c>agreement</c>, the share of rows whose top class is float's, where the first output looks like classes (drop: 1 - agreement);
/// <c>agreement</c> again, the share of equal elements, where no output is a float tensor;
/// <c>sqnr-db</c>, the signal-to-quantization-noise ratio of the worst output (drop: noise power / signal power, 10^(-dB/10), so that 20 dB is 0.01).
/// </remarks>
public sealed class AccuracyMeter(bool labelled)
{
    private readonly Dictionary<string, SignalToNoise> _ratios = new(StringComparer.Ordinal);
    private long _elements;
    private long _equalElements;
    private int _samples;
    private int _rows;
    private int _agreeing;
    private int _labels;
    private int _floatRight;
    private int _variantRight;
    private bool _classes;

    /// <summary>Takes one sample's outputs.</summary>
    /// <param name="reference">The float model's.</param>
    /// <param name="actual">The variant's.</param>
    /// <param name="labels">The right class of each row; empty where there are no labels.</param>
    public void Add(ImmutableArray<NamedTensor> reference, ImmutableArray<NamedTensor> actual, ImmutableArray<int> labels)
    {
        _samples++;
        for (int output = 0; output < reference.Length; output++)
        {
            if (!reference[output].IsFloat || !actual[output].IsFloat)
            {
                AddElements(reference[output], actual[output]);
                continue;
            }
            float[] expected = reference[output].ToFloats();
            float[] got = actual[output].ToFloats();
            if (!_ratios.TryGetValue(reference[output].Name, out SignalToNoise? ratio))
                _ratios[reference[output].Name] = ratio = new SignalToNoise();
            ratio.Add(expected, got);
            if (output == 0 && Agreement.LooksLikeClasses(reference[0].Shape.AsSpan()))
                AddClasses(expected, got, (int)reference[0].Shape[1], labels);
        }
    }

    /// <summary>Signal-to-quantization-noise ratio over all samples, of the worst float output, dB; the float model itself has 200.</summary>
    public double SqnrDb => _ratios.Count == 0 ? Agreement.LimitDb : _ratios.Values.Min(ratio => ratio.Db);

    /// <summary>The figures for the report.</summary>
    /// <param name="verified">Whether the samples were real inputs.</param>
    public AccuracyReport ToReport(bool verified)
    {
        if (labelled && _labels > 0)
        {
            double reference = _floatRight / (double)_labels;
            double value = _variantRight / (double)_labels;
            return new AccuracyReport("top1", reference, value, reference - value, _labels, verified);
        }
        if (_classes)
        {
            double agreement = _agreeing / (double)_rows;
            return new AccuracyReport("agreement", 1, agreement, 1 - agreement, _rows, verified);
        }
        if (_ratios.Count == 0 && _elements > 0)
        {
            double agreement = _equalElements / (double)_elements;
            return new AccuracyReport("agreement", 1, agreement, 1 - agreement, _samples, verified);
        }
        return new AccuracyReport("sqnr-db", null, SqnrDb, Math.Min(1, Math.Pow(10, -SqnrDb / 10)), _samples, verified);
    }

    // Class numbers, indices, masks: right or wrong, with nothing between.
    private void AddElements(NamedTensor expected, NamedTensor got)
    {
        _elements += Math.Max(expected.Count, got.Count);
        if (expected.ElementType == got.ElementType)
            _equalElements += expected.Data.Cast<object>().Zip(got.Data.Cast<object>()).Count(pair => pair.First.Equals(pair.Second));
    }

    private void AddClasses(float[] expected, float[] got, int classes, ImmutableArray<int> labels)
    {
        _classes = true;
        int rows = expected.Length / classes;
        _rows += rows;
        _agreeing += (int)Math.Round(Agreement.TopClassAgreement(expected, got, classes) * rows);
        if (labels.Length != rows)
            return;
        _labels += rows;
        for (int row = 0; row < rows; row++)
        {
            _floatRight += TopClass(expected.AsSpan(row * classes, classes)) == labels[row] ? 1 : 0;
            _variantRight += TopClass(got.AsSpan(row * classes, classes)) == labels[row] ? 1 : 0;
        }
    }

    private static int TopClass(ReadOnlySpan<float> scores)
    {
        int top = 0;
        for (int i = 1; i < scores.Length; i++)
            if (scores[i] > scores[top])
                top = i;
        return top;
    }
}
