namespace Octet.Runtime;

/// <summary>Gathers the signal-to-quantization-noise ratio of one output, 10 log10(sum r^2 / sum (r - a)^2), over any number of runs.</summary>
public sealed class SignalToNoise
{
    private double _signal;
    private double _noise;
    private bool _comparable = true;

    /// <summary>
    /// The ratio so far, dB, between -<see cref="Agreement.LimitDb"/> and <see cref="Agreement.LimitDb"/>: the former where lengths or values that are
    /// not finite differed, the latter where all was equal.
    /// </summary>
    public double Db => !_comparable ? -Agreement.LimitDb
        : _noise == 0 ? Agreement.LimitDb
        : _signal == 0 ? -Agreement.LimitDb
        : Math.Max(-Agreement.LimitDb, Math.Min(Agreement.LimitDb, 10 * Math.Log10(_signal / _noise)));

    /// <summary>Takes the outputs of a run.</summary>
    /// <param name="reference">The float model's.</param>
    /// <param name="actual">The variant's.</param>
    public void Add(ReadOnlySpan<float> reference, ReadOnlySpan<float> actual)
    {
        _comparable &= reference.Length == actual.Length;
        for (int i = 0; _comparable && i < reference.Length; i++)
        {
            double r = reference[i];
            double error = r - actual[i];
            if (IsFinite(error))
            {
                _signal += r * r;
                _noise += error * error;
            }
            else
            {
                // The same infinity or NaN on both sides agrees, as in masked scores.
                _comparable = reference[i].Equals(actual[i]);
            }
        }
    }

    // double.IsFinite is not in .NET Standard 2.0.
    private static bool IsFinite(double value) => Math.Abs(value) <= double.MaxValue;
}
