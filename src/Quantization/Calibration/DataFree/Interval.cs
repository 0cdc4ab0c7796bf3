namespace Octet.Quantization.Calibration.DataFree;

/// <summary>The numbers from <paramref name="Low"/> to <paramref name="High"/>, either of which may be infinite.</summary>
internal readonly record struct Interval(double Low, double High)
{
    /// <summary>All numbers.</summary>
    public static Interval All { get; } = new(double.NegativeInfinity, double.PositiveInfinity);

    /// <summary>No number: the neutral element of <see cref="Hull"/>.</summary>
    public static Interval Empty { get; } = new(double.PositiveInfinity, double.NegativeInfinity);

    /// <summary>Only 0.</summary>
    public static Interval Zero { get; } = new(0, 0);

    /// <summary>0 to 1.</summary>
    public static Interval Unit { get; } = new(0, 1);

    /// <summary>Whether the interval holds the number.</summary>
    public bool Contains(double value) => value >= Low && value <= High;

    /// <summary>The nearest number of the interval.</summary>
    public double Clamp(double value) => Math.Max(Low, Math.Min(High, value));

    /// <summary>The smallest interval that holds both.</summary>
    public Interval Hull(Interval other) => new(Math.Min(Low, other.Low), Math.Max(High, other.High));

    /// <summary>What both hold; of two that do not meet, the end of the other that is nearest.</summary>
    public Interval Intersect(Interval other) => new(other.Clamp(Low), other.Clamp(High));

    /// <summary>The sums.</summary>
    public static Interval operator +(Interval left, Interval right) => new(left.Low + right.Low, left.High + right.High);

    /// <summary>The differences.</summary>
    public static Interval operator -(Interval left, Interval right) => new(left.Low - right.High, left.High - right.Low);

    /// <summary>The products.</summary>
    public static Interval operator *(Interval left, Interval right)
    {
        double a = Product(left.Low, right.Low), b = Product(left.Low, right.High), c = Product(left.High, right.Low), d = Product(left.High, right.High);
        return new Interval(Math.Min(Math.Min(a, b), Math.Min(c, d)), Math.Max(Math.Max(a, b), Math.Max(c, d)));
    }

    /// <summary>The quotients; all numbers where the divisor may be 0.</summary>
    public static Interval operator /(Interval left, Interval right) =>
        right.Contains(0) ? All : left * new Interval(1 / right.High, 1 / right.Low);

    // A bound that may be arbitrarily large, but is multiplied by 0.
    private static double Product(double left, double right) => left == 0 || right == 0 ? 0 : left * right;
}
