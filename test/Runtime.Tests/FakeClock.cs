namespace Octet.Runtime.Tests;

/// <summary>A clock that only moves when told to, with actions that move it.</summary>
internal sealed class FakeClock
{
    /// <summary>Milliseconds.</summary>
    public double Now { get; private set; }

    public double Read() => Now;

    /// <summary>An action that takes the time that <paramref name="milliseconds"/> gives for its 1st, 2nd, ... call.</summary>
    public Action Taking(Func<int, double> milliseconds)
    {
        int calls = 0;
        return () => Now += milliseconds(++calls);
    }

    public Action Taking(double milliseconds) => Taking(_ => milliseconds);
}
