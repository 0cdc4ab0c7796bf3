using System.Collections.Immutable;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>Scale and zero point that a value was trained with, of an unsigned 8-bit integer: real = scale * (integer - zeroPoint).</summary>
/// <param name="Scale">Positive and finite.</param>
/// <param name="ZeroPoint">0 to 255.</param>
public readonly record struct TrainedActivation(float Scale, int ZeroPoint);

/// <summary>The integers that training has left of weights: real = scale * integer, zero point 0.</summary>
/// <param name="Integers">-128 to 127, in the weights' own order; of fewer bits they use less of it.</param>
/// <param name="Scales">One for all, or one a channel; each positive and finite.</param>
/// <param name="Axis">The axis of the channels, 0 or greater; of no meaning with one scale.</param>
public sealed record TrainedWeights(ImmutableArray<sbyte> Integers, ImmutableArray<float> Scales, int Axis);

/// <summary>The quantization that a model came with, by names of the float model that is left without it.</summary>
/// <param name="Activations">By value.</param>
/// <param name="Weights">By initializer.</param>
public sealed record TrainedQuantization(ImmutableDictionary<string, TrainedActivation> Activations, ImmutableDictionary<string, TrainedWeights> Weights);

/// <summary>A model taken apart.</summary>
/// <param name="Model">The float model: no value is rounded any more, and weights have the values that their integers stand for.</param>
/// <param name="Trained">What was taken from it.</param>
public sealed record UnquantizedModel(ModelProto Model, TrainedQuantization Trained);
