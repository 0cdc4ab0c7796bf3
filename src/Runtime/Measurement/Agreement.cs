using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;

namespace Octet.Runtime;

/// <summary>How far a variant's outputs are from the float model's.</summary>
public static class Agreement
{
    /// <summary>What <see cref="SqnrDb"/> gives for equal outputs, and with a minus for useless ones: figures stay finite.</summary>
    public const double LimitDb = 200;

    /// <summary>Signal-to-quantization-noise ratio, 10 log10(sum r^2 / sum (r - a)^2), in dB; higher is better, 20 dB is an error of 10 %.</summary>
    /// <remarks>
    /// Between -<see cref="LimitDb"/> and <see cref="LimitDb"/>. A value that is not finite makes the result -<see cref="LimitDb"/>, except
    /// where the reference has the very same one, as in masked scores.
    /// </remarks>
    /// <param name="reference">The float model's output.</param>
    /// <param name="actual">The variant's output, of the same length.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double SqnrDb(ReadOnlySpan<float> reference, ReadOnlySpan<float> actual)
    {
        RequireSameLength(reference, actual);

        SignalToNoise ratio = new();
        ratio.Add(reference, actual);
        return ratio.Db;
    }

    /// <summary>Runs a session on every case of a probe: the lowest <see cref="SqnrDb"/> over all cases and all outputs of a float type.</summary>
    /// <param name="session">The variant.</param>
    /// <param name="probe">Inputs, with the float model's outputs.</param>
    /// <returns>dB; -<see cref="LimitDb"/> where an output has another number of elements; null where no output is of a float type.</returns>
    /// <exception cref="OnnxRuntimeException">The session cannot run the probe.</exception>
    public static double? ProbeSqnrDb(InferenceSession session, Probe probe)
    {
        double? lowest = null;
        foreach (ProbeCase probeCase in probe.Cases)
        {
            foreach ((NamedTensor reference, NamedTensor actual) in RunFloatOutputs(session, probeCase))
            {
                double sqnr = reference.Count == actual.Count ? SqnrDb(reference.ToFloats(), actual.ToFloats()) : -LimitDb;
                lowest = Math.Min(lowest ?? sqnr, sqnr);
            }
        }
        return lowest;
    }

    /// <summary>
    /// Whether an output has one score a class: two dimensions, at least two classes, and behind them nothing, or an image of one pixel. One dimension of extent 1 behind
    /// them is another thing: a score for each place, as detectors give one for each anchor, where the places beside the highest one count as well.
    /// </summary>
    /// <param name="shape">The output's shape, the batch dimension first.</param>
    public static bool LooksLikeClasses(ReadOnlySpan<long> shape)
    {
        if (shape.Length > 3)
            while (shape.Length > 2 && shape[shape.Length - 1] == 1)
                shape = shape.Slice(0, shape.Length - 1);
        return shape.Length == 2 && shape[1] >= 2;
    }

    /// <summary>The part of the rows, between 0 and 1, in which both outputs have their highest score at the same class (the first one of equal scores).</summary>
    /// <remarks>A row with a score that is not a number agrees with nothing. No rows at all agree.</remarks>
    /// <param name="reference">The float model's scores, row after row.</param>
    /// <param name="actual">The variant's scores, of the same length.</param>
    /// <param name="classes">The number of scores in a row.</param>
    /// <exception cref="ArgumentException">The lengths differ or are no multiple of <paramref name="classes"/>.</exception>
    public static double TopClassAgreement(ReadOnlySpan<float> reference, ReadOnlySpan<float> actual, int classes)
    {
        RequireSameLength(reference, actual);
        if (classes < 1 || reference.Length % classes != 0)
            throw new ArgumentException($"{reference.Length} scores are no rows of {classes}.", nameof(classes));

        int rows = reference.Length / classes;
        int agreeing = 0;
        for (int row = 0; row < rows; row++)
        {
            int? top = TopClass(reference.Slice(row * classes, classes));
            if (top is not null && top == TopClass(actual.Slice(row * classes, classes)))
                agreeing++;
        }
        return rows == 0 ? 1 : agreeing / (double)rows;
    }

    /// <summary>The stored outputs of a float type, each with what the session makes of the same inputs.</summary>
    private static List<(NamedTensor Reference, NamedTensor Actual)> RunFloatOutputs(InferenceSession session, ProbeCase probeCase)
    {
        NamedTensor[] references = [.. probeCase.Outputs.Where(static output => output.IsFloat)];
        var pairs = new List<(NamedTensor, NamedTensor)>();
        if (references.Length == 0)
            return pairs;

        using var runOptions = new RunOptions();
        ImmutableArray<OrtValue> inputs = [.. probeCase.Inputs.Select(static input => input.ToOrtValue())];
        try
        {
            string[] names = [.. references.Select(static reference => reference.Name)];
            using IDisposableReadOnlyCollection<OrtValue> outputs =
                session.Run(runOptions, [.. probeCase.Inputs.Select(static input => input.Name)], inputs, names);
            for (int i = 0; i < references.Length; i++)
                pairs.Add((references[i], NamedTensor.FromOrtValue(names[i], outputs.ElementAt(i))));
            return pairs;
        }
        finally
        {
            foreach (OrtValue input in inputs)
                input.Dispose();
        }
    }

    private static int? TopClass(ReadOnlySpan<float> scores)
    {
        int top = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            if (float.IsNaN(scores[i]))
                return null;
            if (scores[i] > scores[top])
                top = i;
        }
        return top;
    }

    private static void RequireSameLength(ReadOnlySpan<float> reference, ReadOnlySpan<float> actual)
    {
        if (reference.Length != actual.Length)
            throw new ArgumentException($"The reference has {reference.Length} values, the other output {actual.Length}.", nameof(actual));
    }
}
