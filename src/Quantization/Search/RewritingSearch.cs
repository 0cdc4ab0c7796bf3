using System.Collections.Immutable;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Search;

/// <summary>What a rewriting did.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Speed">The ratio to the model before it.</param>
/// <param name="Kept">Whether it is part of the result.</param>
public sealed record TriedPass(string Name, SpeedRatio Speed, bool Kept);

/// <summary>What is left of the passes.</summary>
/// <param name="Model">The model with those that were kept.</param>
/// <param name="Tried">Those that changed something and were measured, in their order.</param>
public sealed record RewritingResult(ModelProto Model, ImmutableArray<TriedPass> Tried)
{
    /// <summary>The names of those that were kept, in their order.</summary>
    public ImmutableArray<string> Kept => [.. Tried.Where(tried => tried.Kept).Select(tried => tried.Name)];
}

/// <summary>Applies rewritings one after the other and keeps each whose result measures faster beyond what chance does.</summary>
public static class RewritingSearch
{
    /// <summary>Searches.</summary>
    /// <param name="model">The model.</param>
    /// <param name="passes">The passes, in their order.</param>
    /// <param name="emit">Makes of a model what is measured: the model itself, or its variant.</param>
    /// <param name="bench">Measures.</param>
    /// <param name="hasTime">Whether another measurement may begin.</param>
    /// <param name="report">Is told what is being done.</param>
    /// <param name="cancellation">Stops between two passes.</param>
    public static RewritingResult Find(
        ModelProto model, IEnumerable<OptionalPass> passes, Func<ModelProto, ModelProto> emit, IRegionBench bench, Func<bool> hasTime, Action<string> report, CancellationToken cancellation = default)
    {
        List<TriedPass> tried = [];
        foreach (OptionalPass pass in passes)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!hasTime())
                break;
            ModelProto rewritten = pass.Apply(model);
            if (ReferenceEquals(rewritten, model) || rewritten.Equals(model))
                continue;
            SpeedRatio speed = Measure(rewritten, model);
            report(string.Create(CultureInfo.InvariantCulture, $"{pass.Name}: {speed.Median:0.00} times as fast{(speed.IsFaster ? ", kept" : "")}"));
            tried.Add(new TriedPass(pass.Name, speed, speed.IsFaster));
            if (speed.IsFaster)
                model = rewritten;
        }
        return new RewritingResult(model, [.. tried]);

        SpeedRatio Measure(ModelProto candidate, ModelProto best)
        {
            try
            {
                return bench.Compare(emit(candidate), emit(best))[0];
            }
            catch (OnnxRuntimeException)
            {
                return SpeedRatio.Broken;
            }
        }
    }

    /// <summary>Applies those passes that an earlier search has kept, without measuring.</summary>
    /// <param name="model">The model.</param>
    /// <param name="passes">All passes, in their order.</param>
    /// <param name="kept">Names of those to apply.</param>
    public static ModelProto Apply(ModelProto model, IEnumerable<OptionalPass> passes, IReadOnlyCollection<string> kept) =>
        passes.Where(pass => kept.Contains(pass.Name)).Aggregate(model, (current, pass) => pass.Apply(current));
}
