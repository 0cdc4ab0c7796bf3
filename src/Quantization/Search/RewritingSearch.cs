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
/// <param name="Kept">Their names, in their order.</param>
/// <param name="Tried">What was measured, in that order.</param>
public sealed record RewritingResult(ModelProto Model, ImmutableArray<string> Kept, ImmutableArray<TriedPass> Tried);

/// <summary>Keeps the rewritings with which a model measures faster beyond what chance does.</summary>
/// <param name="passes">The passes, in their order.</param>
/// <param name="emit">Makes of a model what is measured: the model itself, or its variant.</param>
/// <param name="bench">Measures.</param>
/// <param name="hasTime">Whether another measurement may begin.</param>
/// <param name="report">Is told what is being done.</param>
/// <param name="cancellation">Stops between two passes.</param>
public sealed class RewritingSearch(
    ImmutableArray<OptionalPass> passes, Func<ModelProto, ModelProto> emit, IRegionBench bench, Func<bool> hasTime, Action<string> report, CancellationToken cancellation = default)
{
    /// <summary>What all passes together are called.</summary>
    public const string Everything = "all rewritings";

    /// <summary>
    /// Tries all passes together: one makes room for the next, and together they may pay where alone none does. Where they do, each is tried to be
    /// left out; where they do not, each is tried to be added.
    /// </summary>
    public RewritingResult Find(ModelProto model)
    {
        ImmutableArray<string> names = Changing(model, passes);
        if (names.Length < 2 || !hasTime())
            return Add(model);
        ModelProto all = Apply(model, passes, names);
        SpeedRatio speed = Measure(Everything, all, model);
        TriedPass tried = new(Everything, speed, speed.IsFaster);
        RewritingResult result = speed.IsFaster ? Drop(model, names) : Add(model);
        return result with { Tried = [tried, .. result.Tried] };
    }

    /// <summary>Adds each pass that makes the model faster.</summary>
    public RewritingResult Add(ModelProto model)
    {
        List<TriedPass> tried = [];
        List<string> kept = [];
        foreach (OptionalPass pass in passes)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!hasTime())
                break;
            ModelProto rewritten = pass.Apply(model);
            if (IsSame(rewritten, model))
                continue;
            SpeedRatio speed = Measure(pass.Name, rewritten, model);
            tried.Add(new TriedPass(pass.Name, speed, speed.IsFaster));
            if (!speed.IsFaster)
                continue;
            kept.Add(pass.Name);
            model = rewritten;
        }
        return new RewritingResult(model, [.. kept], [.. tried]);
    }

    /// <summary>Leaves out each of the passes without which the model is faster.</summary>
    /// <param name="model">The model before any.</param>
    /// <param name="names">The names of those that it went through.</param>
    public RewritingResult Drop(ModelProto model, ImmutableArray<string> names)
    {
        List<TriedPass> tried = [];
        ModelProto best = Apply(model, passes, names);
        foreach (string name in names)
        {
            cancellation.ThrowIfCancellationRequested();
            if (names.Length == 1 || !hasTime())
                break;
            ImmutableArray<string> fewer = names.Remove(name);
            ModelProto without = Apply(model, passes, fewer);
            SpeedRatio speed = Measure($"without {name}", without, best);
            tried.Add(new TriedPass($"without {name}", speed, speed.IsFaster));
            if (speed.IsFaster)
                (names, best) = (fewer, without);
        }
        return new RewritingResult(best, names, [.. tried]);
    }

    /// <summary>The names of the passes that change something, each applied to the result of those before.</summary>
    public static ImmutableArray<string> Changing(ModelProto model, IEnumerable<OptionalPass> passes)
    {
        ImmutableArray<string>.Builder names = ImmutableArray.CreateBuilder<string>();
        foreach (OptionalPass pass in passes)
        {
            ModelProto rewritten = pass.Apply(model);
            if (!IsSame(rewritten, model))
                names.Add(pass.Name);
            model = rewritten;
        }
        return names.ToImmutable();
    }

    /// <summary>Applies passes without measuring.</summary>
    /// <param name="model">The model.</param>
    /// <param name="passes">All passes, in their order.</param>
    /// <param name="names">Names of those to apply.</param>
    public static ModelProto Apply(ModelProto model, IEnumerable<OptionalPass> passes, IReadOnlyCollection<string> names) =>
        passes.Where(pass => names.Contains(pass.Name)).Aggregate(model, (current, pass) => pass.Apply(current));

    private SpeedRatio Measure(string name, ModelProto candidate, ModelProto best)
    {
        SpeedRatio speed;
        try
        {
            speed = bench.Compare(emit(candidate), emit(best))[0];
        }
        catch (OnnxRuntimeException)
        {
            speed = SpeedRatio.Broken;
        }
        report(string.Create(CultureInfo.InvariantCulture, $"{name}: {speed.Median:0.00} times as fast{(speed.IsFaster ? ", kept" : "")}"));
        return speed;
    }

    private static bool IsSame(ModelProto rewritten, ModelProto model) => ReferenceEquals(rewritten, model) || rewritten.Equals(model);
}
