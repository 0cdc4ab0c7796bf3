namespace Octet.Runtime;

/// <summary>Statistics that a few interrupted runs do not move: everything rests on ranks.</summary>
public static class RobustStatistics
{
    /// <summary>The middle value; the mean of the two middle ones where their number is even.</summary>
    /// <param name="values">At least one value, in any order.</param>
    /// <exception cref="ArgumentException">There is no value, or one is not a number.</exception>
    public static double Median(ReadOnlySpan<double> values) => MedianOfSorted(Sort(values));

    /// <summary>The median distance from the median, in the unit of the values and without the factor 1.4826 for normal distributions.</summary>
    /// <param name="values">At least one finite value, in any order.</param>
    /// <exception cref="ArgumentException">There is no value, or one is not a number.</exception>
    public static double MedianAbsoluteDeviation(ReadOnlySpan<double> values)
    {
        double[] distances = Sort(values);
        double median = MedianOfSorted(distances);
        for (int i = 0; i < distances.Length; i++)
            distances[i] = Math.Abs(distances[i] - median);
        Array.Sort(distances);
        return MedianOfSorted(distances);
    }

    /// <summary>The interval of the median that assumes nothing of the distribution.</summary>
    /// <remarks>
    /// The ends are the j-th smallest and the j-th largest value. The median lies outside them with probability 2 P(B &lt; j), where B is
    /// binomial with n trials and probability 1/2; j is the largest rank for which that is at most 1 - <paramref name="confidence"/>
    /// (W. J. Conover, Practical Nonparametric Statistics, 3rd edition, section 3.2). With fewer than 6 values no ranks reach 95 %:
    /// the interval is then unbounded, so that nobody decides on it.
    /// </remarks>
    /// <param name="values">At least one value, in any order.</param>
    /// <param name="confidence">The wanted coverage, between 0 and 1.</param>
    /// <exception cref="ArgumentException">There is no value, or one is not a number.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="confidence"/> is not between 0 and 1.</exception>
    public static ConfidenceInterval MedianInterval(ReadOnlySpan<double> values, double confidence = 0.95)
    {
        if (!(confidence > 0 && confidence < 1))
            throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "A confidence lies between 0 and 1.");

        double[] sorted = Sort(values);
        int rank = SymmetricRank(sorted.Length, (1 - confidence) / 2);
        return rank == 0
            ? new ConfidenceInterval(double.NegativeInfinity, double.PositiveInfinity)
            : new ConfidenceInterval(sorted[rank - 1], sorted[sorted.Length - rank]);
    }

    /// <summary>The largest j with P(B &lt; j) at most <paramref name="tail"/> for B ~ Binomial(count, 1/2); 0 where there is none.</summary>
    private static int SymmetricRank(int count, double tail)
    {
        // Logarithms: 2^-count underflows beyond a thousand values.
        double logProbability = -count * Math.Log(2);
        double below = 0;
        for (int j = 1; j <= count / 2; j++)
        {
            below += Math.Exp(logProbability);
            if (below > tail)
                return j - 1;
            logProbability += Math.Log((count - j + 1) / (double)j);
        }
        return count / 2;
    }

    private static double[] Sort(ReadOnlySpan<double> values)
    {
        if (values.IsEmpty)
            throw new ArgumentException("There is no value.", nameof(values));
        double[] sorted = values.ToArray();
        Array.Sort(sorted);
        // Not-a-number sorts first.
        if (double.IsNaN(sorted[0]))
            throw new ArgumentException("A value is not a number.", nameof(values));
        return sorted;
    }

    private static double MedianOfSorted(double[] sorted)
    {
        int middle = sorted.Length / 2;
        if (sorted.Length % 2 == 1 || sorted[middle - 1] == sorted[middle])
            return sorted[middle];
        return sorted[middle - 1] / 2 + sorted[middle] / 2;
    }
}
