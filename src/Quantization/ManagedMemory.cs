namespace Octet.Quantization;

/// <summary>Memory between the phases of the work.</summary>
public static class ManagedMemory
{
    /// <summary>
    /// Gives back what a finished phase left: after preparation the original weights are garbage of the model's size, which the collector would
    /// keep while ONNX Runtime, whose memory it does not see, allocates as much again.
    /// </summary>
    public static void ReturnUnused() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);

    /// <summary>
    /// Bounds the garbage of work that reads one large array after the other: beside native memory that the collector does not see, it would let
    /// hundreds of megabytes gather. Cheap, because few objects live; call it often.
    /// </summary>
    /// <param name="allocatedBefore">The allocated bytes at the last collection; shared by the threads that do the work.</param>
    public static void LimitGarbage(ref long allocatedBefore)
    {
        const long Limit = 24 << 20;
        long before = Volatile.Read(ref allocatedBefore);
        long now = GC.GetTotalAllocatedBytes();
        if (now - before > Limit && Interlocked.CompareExchange(ref allocatedBefore, now, before) == before)
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: false);
    }
}
