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

        double signal = 0;
        double noise = 0;
        for (int i = 0; i < reference.Length; i++)
        {
            double r = reference[i];
            double error = r - actual[i];
            if (IsFinite(error))
            {
                signal += r * r;
                noise += error * error;
            }
            else if (!reference[i].Equals(actual[i]))
            {
                return -LimitDb;
            }
        }

        if (noise == 0)
            return LimitDb;
        return signal == 0 ? -LimitDb : Math.Max(-LimitDb, Math.Min(LimitDb, 10 * Math.Log10(signal / noise)));
    }

    /// <summary>Whether an output has one score a class: two dimensions, or more of which all but the first two have extent 1, and at least two classes.</summary>
    /// <param name="shape">The output's shape, the batch dimension first.</param>
    public static bool LooksLikeClasses(ReadOnlySpan<long> shape)
    {
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

    // double.IsFinite is not in .NET Standard 2.0.
    private static bool IsFinite(double value) => Math.Abs(value) <= double.MaxValue;
}
