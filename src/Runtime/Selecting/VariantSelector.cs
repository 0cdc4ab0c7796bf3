using System.Collections.Immutable;

namespace Octet.Runtime;

/// <summary>Finds the variant to use: pinned, the build's choice, an earlier start's, or the fastest one that agrees.</summary>
/// <param name="model">The model's name.</param>
/// <param name="manifestPath">Full path of its manifest.</param>
/// <param name="conditions">What the application's sessions will run under.</param>
/// <param name="settings">The environment's wishes.</param>
internal sealed class VariantSelector(string model, string manifestPath, SessionConditions conditions, SelectionSettings settings)
{
    private const string ManifestExtension = ".octet.json";

    private readonly string _folder = Path.GetDirectoryName(manifestPath) ?? "";

    /// <summary>Selects; whatever is wrong with a file ends in the float model, and in the selection's reason.</summary>
    public Selection Select()
    {
        byte[] bytes;
        ModelManifest manifest;
        try
        {
            bytes = File.ReadAllBytes(manifestPath);
            manifest = ModelManifest.Read(new MemoryStream(bytes, writable: false));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return WithoutManifest($"The manifest {manifestPath} is missing, so the model beside it is used.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return WithoutManifest($"The manifest {manifestPath} cannot be used, so the model beside it is: {Fault.Of(e)}");
        }
        return Select(manifest, bytes);
    }

    private Selection Select(ModelManifest manifest, byte[] manifestBytes)
    {
        ImmutableArray<SelectionCandidate> candidates = [.. manifest.Variants.Select(variant => Inspect(manifest, variant))];
        if (IsOtherModel(candidates))
            return TakeOtherModel(manifest, candidates);

        string remark = "";
        if (settings.PinnedVariant(model) is string pinned)
        {
            SelectionCandidate? candidate = candidates.FirstOrDefault(candidate => string.Equals(candidate.Variant, pinned, StringComparison.OrdinalIgnoreCase));
            if (candidate is { IsUsable: true })
                return Take(manifest, candidates, candidate.Variant, $"It is pinned by {SelectionSettings.PinVariable}.");
            remark = $"{SelectionSettings.PinVariable} asks for {pinned}, which cannot be used: {candidate?.Reason ?? "the build made no such variant"}. ";
        }

        if (!candidates.Skip(1).Any(static candidate => candidate.IsUsable))
            return Take(manifest, candidates, ModelManifest.FloatVariant, remark + SelectionRule.NoneUsable(candidates));
        if (!settings.Measure)
            return TakeBuildChoice(manifest, candidates, remark + "Measuring at start is switched off.");
        return TakeMeasured(manifest, candidates, SelectionKey.Of(manifestBytes, MachineDescription.Current, conditions), remark);
    }

    private Selection TakeMeasured(ModelManifest manifest, ImmutableArray<SelectionCandidate> candidates, string key, string remark)
    {
        var cache = new SelectionCache(settings.CacheFolder);
        if (cache.TryRead(key) is CachedSelection cached && IsStillTrue(cached, candidates))
            return Take(manifest, cached.Candidates, cached.Variant, remark + cached.Reason) with { FromCache = true };

        string? fault;
        try
        {
            (candidates, fault) = new StartupMeasurement(manifest, _folder, conditions, settings).Measure(candidates);
        }
        // A measurement that breaks off, for whatever reason, must not keep the application from starting.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            fault = $"The measurement broke off: {Fault.Of(e)}";
        }
        if (IsOtherModel(candidates))
            return TakeOtherModel(manifest, candidates);
        if (fault is not null)
            return TakeBuildChoice(manifest, candidates, remark + fault);

        (string variant, string reason) = SelectionRule.Choose(candidates, manifest.MinSpeedup);
        // A file that is not as the build wrote it may be put right without a change of the manifest.
        if (!candidates.Any(static candidate => candidate.State is CandidateState.Missing or CandidateState.Damaged))
            cache.TryWrite(new CachedSelection(CachedSelection.CurrentSchema, key, variant, reason, candidates));
        return Take(manifest, candidates, variant, remark + reason);
    }

    /// <summary>Looks at a variant's file without opening it.</summary>
    private SelectionCandidate Inspect(ModelManifest manifest, ManifestVariant variant)
    {
        ConditionFigures? figures = FiguresOf(manifest, variant);
        var candidate = new SelectionCandidate
        {
            Variant = variant.Name,
            State = CandidateState.NotMeasured,
            SizeBytes = variant.SizeBytes,
            BuildMedianMilliseconds = figures?.MedianMilliseconds ?? variant.MedianMilliseconds,
            BuildSpeedup = figures?.Speedup ?? variant.Speedup,
            BuildSqnrDb = variant.ProbeSqnrDb,
            BuildVerdict = variant.Verdict,
        };
        if (variant.File is null)
            return candidate with { State = CandidateState.NotShipped, Reason = variant.Reason };

        var file = new FileInfo(Path.Combine(_folder, variant.File));
        if (!file.Exists)
            return candidate with { State = CandidateState.Missing, Reason = $"{variant.File} does not exist" };
        if (file.Length != variant.SizeBytes)
            return candidate with { State = CandidateState.Damaged, Reason = $"{variant.File} has {file.Length} bytes, the build wrote {variant.SizeBytes}" };
        if (variant.CustomOperators && settings.OperatorsFault() is string fault)
            return candidate with { State = CandidateState.Failed, Reason = fault };
        return candidate;
    }

    /// <summary>The build's figures under the condition nearest to the application's; null where it measured under one alone.</summary>
    private ConditionFigures? FiguresOf(ModelManifest manifest, ManifestVariant variant) =>
        ConditionFigures.Nearest(variant.Conditions, conditions.ThreadsOf(manifest, variant), manifest.BatchSize);

    /// <summary>Whether a kept selection has this manifest's variants and its choice can still be taken.</summary>
    private static bool IsStillTrue(CachedSelection cached, ImmutableArray<SelectionCandidate> candidates) =>
        cached.Candidates.Select(static candidate => candidate.Variant).SequenceEqual(candidates.Select(static candidate => candidate.Variant))
        && cached.Candidates.Any(candidate => candidate.Variant == cached.Variant && candidate.IsUsable)
        && candidates.Any(candidate => candidate.Variant == cached.Variant && candidate.IsUsable);

    /// <summary>Whether the float file is not the one that the variants were made from.</summary>
    private static bool IsOtherModel(ImmutableArray<SelectionCandidate> candidates) => candidates[0].State == CandidateState.Damaged;

    private Selection TakeOtherModel(ModelManifest manifest, ImmutableArray<SelectionCandidate> candidates) => Take(
        manifest, candidates, ModelManifest.FloatVariant, $"The variants belong to another version of {manifest.Float}: {candidates[0].Reason}.");

    private Selection TakeBuildChoice(ModelManifest manifest, ImmutableArray<SelectionCandidate> candidates, string why)
    {
        SelectionCandidate chosen = candidates.First(candidate => candidate.Variant == manifest.Selected);
        if (manifest.Variants.Any(static variant => !variant.Conditions.IsDefaultOrEmpty))
        {
            SelectionCandidate best = candidates.Zip(manifest.Variants, static (candidate, variant) => (Candidate: candidate, Variant: variant))
                .Where(pair => pair.Candidate.IsUsable && pair.Candidate.BuildMedianMilliseconds > 0)
                .Where(pair => pair.Variant.Name == ModelManifest.FloatVariant || FiguresOf(manifest, pair.Variant)?.SpeedupLow >= manifest.MinSpeedup)
                .Select(static pair => pair.Candidate)
                .OrderBy(static candidate => candidate.BuildMedianMilliseconds)
                .FirstOrDefault() ?? candidates[0];
            if (best.Variant != chosen.Variant)
                return Take(manifest, candidates, best.Variant, $"{why} By the build's figures it is the fastest under conditions such as these.");
        }
        if (chosen.IsUsable)
            return Take(manifest, candidates, chosen.Variant, $"{why} The build chose it{(manifest.Reason.Length == 0 ? "." : $": {manifest.Reason}")}");
        return Take(manifest, candidates, ModelManifest.FloatVariant, $"{why} The build chose {chosen.Variant}, which cannot be used: {chosen.Reason}.");
    }

    private Selection Take(ModelManifest manifest, ImmutableArray<SelectionCandidate> candidates, string variant, string reason)
    {
        ManifestVariant chosen = manifest.Variants.First(candidate => candidate.Name == variant);
        return new Selection
        {
            Model = model,
            Variant = variant,
            Reason = reason.Trim(),
            Path = Path.GetFullPath(Path.Combine(_folder, chosen.File ?? manifest.Float)),
            RecommendedThreads = manifest.RecommendedThreads(chosen),
            CustomOperators = chosen.CustomOperators,
            FloatPath = Path.GetFullPath(Path.Combine(_folder, manifest.Float)),
            Candidates = candidates,
        };
    }

    private Selection WithoutManifest(string reason)
    {
        string stem = manifestPath.EndsWith(ManifestExtension, StringComparison.OrdinalIgnoreCase)
            ? manifestPath.Substring(0, manifestPath.Length - ManifestExtension.Length)
            : Path.Combine(_folder, model);
        string path = Path.GetFullPath(stem + ".onnx");
        return new Selection { Model = model, Variant = ModelManifest.FloatVariant, Reason = reason, Path = path, FloatPath = path };
    }
}
