namespace Octet.Quantization.Measurement;

/// <summary>One measurement at a time on a machine: two builds that measure side by side would spoil each other's times.</summary>
public sealed class ExclusiveMeasurement : IDisposable
{
    private readonly FileStream? _lock;

    private ExclusiveMeasurement(FileStream? held) => _lock = held;

    /// <summary>Waits for the machine. Where the lock cannot be had in time (or at all), the measurement goes on without it.</summary>
    /// <param name="patience">How long to wait for another measurement.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static ExclusiveMeasurement Enter(TimeSpan patience, CancellationToken cancellation)
    {
        // The operating system releases the lock when its holder dies, however that happens.
        string path = Path.Combine(Path.GetTempPath(), "octet-measurement.lock");
        long end = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        do
        {
            try
            {
                return new ExclusiveMeasurement(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException) when (File.Exists(path))
            {
                cancellation.WaitHandle.WaitOne(50);
                cancellation.ThrowIfCancellationRequested();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Another user's lock file, or no temporary folder: no common ground to wait on.
                break;
            }
        }
        while (Environment.TickCount64 < end);
        return new ExclusiveMeasurement(null);
    }

    /// <summary>Lets the next measurement begin.</summary>
    public void Dispose() => _lock?.Dispose();
}
