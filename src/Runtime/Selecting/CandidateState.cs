namespace Octet;

/// <summary>How far a variant came at start.</summary>
public enum CandidateState
{
    /// <summary>It agrees with the float model and took part in the measurement.</summary>
    Measured,

    /// <summary>Its file is there; nothing was measured, because a variant is pinned, measuring is off or was not possible.</summary>
    NotMeasured,

    /// <summary>The build did not ship it; its verdict says why.</summary>
    NotShipped,

    /// <summary>Its file is not there.</summary>
    Missing,

    /// <summary>Its file is not the one that the build wrote.</summary>
    Damaged,

    /// <summary>ONNX Runtime could not load or run it.</summary>
    Failed,

    /// <summary>Its outputs on the probe are further from the float model's than the build found.</summary>
    Disagrees,
}
