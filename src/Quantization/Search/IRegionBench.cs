using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Measurement;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Search;

/// <summary>What a search learns about a model by running it.</summary>
public interface IRegionBench
{
    /// <summary>Profiles two models in turns, so that both see the machine in the same state.</summary>
    /// <param name="reference">The float model, whose names the profiles are told in.</param>
    /// <param name="candidate">A variant of it.</param>
    /// <exception cref="OnnxRuntimeException">One does not load or run.</exception>
    (NodeProfile Reference, NodeProfile Candidate) Profile(ModelProto reference, ModelProto candidate);

    /// <summary>Measures how many times as fast as each other model a candidate is, all of them in turns.</summary>
    /// <param name="candidate">The model in question.</param>
    /// <param name="others">What it is compared with.</param>
    /// <returns>One ratio for each of the others.</returns>
    /// <exception cref="OnnxRuntimeException">One does not load or run.</exception>
    IReadOnlyList<SpeedRatio> Compare(ModelProto candidate, params IReadOnlyList<ModelProto> others);
}

/// <summary>How many times as fast one model is as another.</summary>
/// <param name="Median">The median over pairs of runs.</param>
/// <param name="Low">Lower end of the median's 95 % interval.</param>
/// <param name="High">Upper end.</param>
public readonly record struct SpeedRatio(double Median, double Low, double High)
{
    /// <summary>What does not run is no faster than anything.</summary>
    public static SpeedRatio Broken { get; } = new(0, 0, 0);

    /// <summary>Whether it is faster beyond what chance does.</summary>
    public bool IsFaster => Low > 1;
}
