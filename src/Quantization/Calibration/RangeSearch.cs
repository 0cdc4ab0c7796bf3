namespace Octet.Quantization.Calibration;

/// <summary>
/// Searches the range of least cost among those that begin and end between bins and hold 0. One end is searched bin by bin. Two ends: first
/// every threshold that cuts both at the same distance from 0, then each end in turn with the other held, until neither moves.
/// </summary>
internal static class RangeSearch
{
    /// <summary>The number of levels of an 8-bit integer; narrower ranges than as many bins are not tried.</summary>
    public const int Levels = 256;

    private const int LargestRounds = 8;

    /// <summary>Finds the range.</summary>
    /// <param name="histogram">The values' counts.</param>
    /// <param name="seen">The range of all values, which the result does not exceed.</param>
    /// <param name="cost">The cost of keeping the bins from the first to the last, both included; the first is 0 or below, the last 0 or above.</param>
    public static ActivationRange Minimize(ActivationHistogram histogram, ActivationRange seen, Func<int, int, double> cost)
    {
        int lowest = Math.Min(0, histogram.First);
        int highest = Math.Max(0, histogram.Last);
        (int First, int Last) best = (lowest, highest);
        double least = cost(lowest, highest);

        // From wide to narrow, and only what is better is taken: of equals the widest stays.
        bool Try(int first, int last)
        {
            if (last - first + 1 < Levels || cost(first, last) is var value && !(value < least))
                return false;
            (best, least) = ((first, last), value);
            return true;
        }

        if (lowest < 0 && highest > 0)
            for (int threshold = Math.Max(-lowest, highest) - 1; threshold > 0; threshold--)
                Try(Math.Max(lowest, -threshold), Math.Min(highest, threshold));

        bool moved = true;
        for (int round = 0; moved && round < LargestRounds; round++)
        {
            moved = false;
            (int first, int last) = best;
            for (int end = highest; end >= 0; end--)
                moved |= Try(first, end);
            last = best.Last;
            for (int start = lowest; start <= 0 && lowest < 0; start++)
                moved |= Try(start, last);
            if (lowest == 0 || highest == 0)
                break;
        }

        return new ActivationRange(
            best.First == lowest ? seen.Min : seen.Clamp(histogram.LowerEdge(best.First)),
            best.Last == highest ? seen.Max : seen.Clamp(histogram.UpperEdge(best.Last)));
    }
}
