using Octet.Quantization.Measurement;

namespace Octet.Quantization.Tests.Measurement;

public sealed class ExclusiveMeasurementTests
{
    [Fact]
    public async Task A_second_measurement_waits_until_the_first_is_over()
    {
        List<string> order = [];
        ExclusiveMeasurement first = ExclusiveMeasurement.Enter(TimeSpan.FromMinutes(1), CancellationToken.None);
        Task second = Task.Run(() =>
        {
            using ExclusiveMeasurement entered = ExclusiveMeasurement.Enter(TimeSpan.FromMinutes(1), CancellationToken.None);
            lock (order)
                order.Add("second");
        });
        await Task.Delay(300);
        lock (order)
            order.Add("first over");
        first.Dispose();
        await second;

        Assert.Equal(["first over", "second"], order);
    }

    [Fact]
    public void Without_patience_the_measurement_goes_on_alone()
    {
        using ExclusiveMeasurement first = ExclusiveMeasurement.Enter(TimeSpan.FromMinutes(1), CancellationToken.None);
        using ExclusiveMeasurement second = ExclusiveMeasurement.Enter(TimeSpan.Zero, CancellationToken.None);
    }

    [Fact]
    public void A_cancelled_wait_ends()
    {
        using ExclusiveMeasurement first = ExclusiveMeasurement.Enter(TimeSpan.FromMinutes(1), CancellationToken.None);
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => ExclusiveMeasurement.Enter(TimeSpan.FromMinutes(1), cancelled.Token));
    }
}
