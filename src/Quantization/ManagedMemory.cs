namespace Octet.Quantization;

/// <summary>Memory between the phases of the work.</summary>
public static class ManagedMemory
{
    /// <summary>
    /// Gives back what a finished phase left: after preparation the original weights are garbage of the model's size, which the collector would
    /// keep while ONNX Runtime, whose memory it does not see, allocates as much again.
    /// </summary>
    public static void ReturnUnused() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
}
