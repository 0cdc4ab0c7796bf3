using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Octet.Quantization.Calibration;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Emission;

/// <summary>What decides a static variant, but for the format of its integers.</summary>
/// <param name="Prepared">The float model to quantize: the prepared one, or one equal to it that quantizes better.</param>
/// <param name="Plan">What becomes integer.</param>
/// <param name="Ranges">A range for each value that any part of the plan may need.</param>
public sealed record StaticRecipe(ModelProto Prepared, QuantizationPlan Plan, CalibratedRanges Ranges)
{
    /// <summary>The mean of each input channel, by the value that an integer compute node reads: given, biases make up for what rounded weights shift.</summary>
    public IReadOnlyDictionary<string, ImmutableArray<double>>? InputMeans { get; init; }

    /// <summary>Weights whose integers were trained, by initializer; null where none were.</summary>
    public IReadOnlyDictionary<string, QuantizedWeights>? TrainedWeights { get; init; }

    /// <summary>How the integer parts are written.</summary>
    public IntegerForm Form { get; init; } = IntegerForm.Pairs;

    /// <summary>The number of images a run that the variant is made for, where the model leaves it open.</summary>
    public int Images { get; init; } = 1;

    /// <summary>Names of the optional passes behind <see cref="Prepared"/>.</summary>
    public ImmutableArray<string> Rewrites { get; init; } = [];

    /// <summary>What the search for speed has to say for itself; null where there was none.</summary>
    public JsonObject? Search { get; init; }

    /// <summary>What was tried to bring the variant nearer to the float model, in its order.</summary>
    public ImmutableArray<TriedRefinement> Refinements { get; init; } = [];

    /// <summary>The number of samples that judged what was tried; 0 where nothing was.</summary>
    public int HeldOut { get; init; }

    /// <summary>Nodes that stay float because the user says so.</summary>
    public ImmutableArray<NodePattern> Exclude { get; init; } = [];

    /// <summary>Nodes, by name, that stay float for another reason, which is the value.</summary>
    public ImmutableSortedDictionary<string, string> LeftFloat { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>The names of the integer compute nodes, in the model's order.</summary>
    public IEnumerable<string> ComputeNodesInOrder() => Prepared.Graph.WithSubgraphs().SelectMany(graph => graph.Node).Select(node => node.Name).Where(Plan.ComputeNodes.Contains);

    /// <summary>The recipe with more nodes left float.</summary>
    /// <param name="nodes">Their names.</param>
    /// <param name="reason">Why.</param>
    public StaticRecipe LeaveFloat(IEnumerable<string> nodes, string reason) => LeaveFloat(nodes.Select(node => KeyValuePair.Create(node, reason)));

    /// <summary>The recipe with more nodes left float, each for the reason that is its value.</summary>
    public StaticRecipe LeaveFloat(IEnumerable<KeyValuePair<string, string>> nodes)
    {
        ImmutableSortedDictionary<string, string> left = LeftFloat.SetItems(nodes);
        return this with { LeftFloat = left, Plan = StaticQuantization.Plan(Prepared, Exclude, left, Plan.Operators) };
    }

    /// <summary>Writes the variant.</summary>
    /// <param name="weightLimit">Largest magnitude of a weight: 127 (8 bits) or 63 (7 bits).</param>
    /// <param name="signedActivations">Whether activations are signed, as ARM64 wants them.</param>
    public EmittedModel Emit(int weightLimit, bool signedActivations)
    {
        // What was trained stays as it is.
        IReadOnlyDictionary<string, ActivationRange> ranges = TrainedWeights is null ? AlignedRanges.Of(Prepared, Plan, Ranges.Ranges) : Ranges.Ranges;
        EmittedModel emitted = Form == IntegerForm.Pairs
            ? QdqEmitter.Emit(Prepared, Plan, ranges, weightLimit, signedActivations, InputMeans, TrainedWeights)
            : ChannelsLastEmitter.Emit(Prepared, Plan, ranges, weightLimit, customOperators: Form == IntegerForm.ChannelsLastOctet, InputMeans, Images, TrainedWeights);
        return AbsorbAffine.Apply(emitted);
    }
}

/// <summary>A refinement that was tried on held-out samples, or that a pinned recipe asks for.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Drop">The accuracy drop with it, in the unit of the report; null where it was not measured, or broke the variant.</param>
/// <param name="SqnrDb">The signal-to-quantization-noise ratio of the worst output with it, dB; null as before.</param>
/// <param name="Kept">Whether it is part of the variant.</param>
public sealed record TriedRefinement(string Name, double? Drop, double? SqnrDb, bool Kept);
