using System.Collections.Immutable;
using System.Security;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace Octet.Analyzers;

/// <summary>The models the project quantizes, as the build hands them over: additional files with metadata.</summary>
internal sealed class ProjectModels
{
    private readonly ImmutableArray<(ModelPath Link, string Shim)> _models;
    private readonly ImmutableDictionary<string, ImmutableArray<string>> _shimsByName;
    private readonly ImmutableHashSet<string> _shimTypes;
    private readonly Lazy<ImmutableArray<(ModelPath Link, string Variant, string Verdict)>> _verdicts;
    private readonly ModelPath? _folder;
    private readonly StringComparer _segments;

    /// <summary>Reads the additional files' metadata and the properties QuantizeModels and ProjectDir.</summary>
    public ProjectModels(AnalyzerOptions options)
    {
        AnalyzerConfigOptionsProvider build = options.AnalyzerConfigOptionsProvider;
        IEnumerable<(ModelPath, string)> models =
            from file in options.AdditionalFiles
            let metadata = build.GetOptions(file)
            let link = Value(metadata, "build_metadata.AdditionalFiles.QuantizeModelLink")
            where link.Length > 0
            select (ModelPath.Of(link), Value(metadata, "build_metadata.AdditionalFiles.QuantizeModelShim"));
        _models = models.ToImmutableArray();
        _shimTypes = _models.Where(model => model.Shim.Contains("."))
            .Select(model => model.Shim.Substring(0, model.Shim.LastIndexOf('.')))
            .ToImmutableHashSet();

        _shimsByName = _models.Where(model => model.Link.Segments.Length > 0)
            .GroupBy(model => Path.GetFileNameWithoutExtension(model.Link.Segments[^1]), model => model.Shim)
            .ToImmutableDictionary(group => group.Key, group => group.ToImmutableArray());
        _verdicts = new(() => ReadVerdicts(options).ToImmutableArray());

        string folder = Value(build.GlobalOptions, "build_property.ProjectDir");
        _folder = folder.Length > 0 ? ModelPath.Of(folder) : null;
        // Whether case matters is the build machine's affair, and the project's folder tells: only Windows writes C:\ or \\server.
        _segments = folder.Contains("\\") || folder is [_, ':', ..] ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
        IsQuantizing = Value(build.GlobalOptions, "build_property.QuantizeModels").Equals("true", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>True when the project's property QuantizeModels is true.</summary>
    public bool IsQuantizing { get; }

    /// <summary>
    /// Finds the model a path means: the one with the same link, otherwise the one with the longest tail in common.
    /// </summary>
    /// <returns>True when any model fits; <paramref name="shim"/> is null when several do equally well, or when it has no shim.</returns>
    public bool TryFind(ModelPath path, out string? shim)
    {
        int best = _models.Select(model => path.Agreement(model.Link, _segments)).DefaultIfEmpty().Max();
        string[] shims = [.. _models.Where(model => path.Agreement(model.Link, _segments) == best).Select(model => model.Shim).Distinct()];
        shim = best > 0 && shims is [{ Length: > 0 } only] ? only : null;
        return best > 0;
    }

    /// <summary>The models that a member of the generated class opens: the place in the output, and the member.</summary>
    public IEnumerable<(string Link, string Shim)> Shims =>
        _models.Where(model => model.Shim.Length > 0).Select(model => (string.Join("/", model.Link.Segments), model.Shim)).Distinct();

    /// <summary>True when any model has a member of the generated class.</summary>
    public bool HasShims => !_shimTypes.IsEmpty;

    /// <summary>The members of the models that a file's name without its extension may mean.</summary>
    public ImmutableArray<string> ShimsNamed(string name) => _shimsByName.TryGetValue(name, out ImmutableArray<string> shims) ? shims : ImmutableArray<string>.Empty;

    /// <summary>The members of all models that a path, or the path of a variant, may mean.</summary>
    public IEnumerable<string> ShimsFitting(ModelPath path)
    {
        ModelPath source = path.Source;
        return from model in _models
               where path.Agreement(model.Link, _segments) > 0 || source.Agreement(model.Link, _segments) > 0
               select model.Shim;
    }

    /// <summary>What the last build found of a variant: faster, slower or inaccurate; null when nothing is known of it.</summary>
    public string? VerdictOn(ModelPath path)
    {
        if (path.Variant is not { } variant) return null;
        ModelPath source = path.Source;
        int best = _verdicts.Value.Select(verdict => source.Agreement(verdict.Link, _segments)).DefaultIfEmpty().Max();
        string[] verdicts = best == 0 ? [] :
        [
            .. _verdicts.Value.Where(verdict => verdict.Variant == variant && source.Agreement(verdict.Link, _segments) == best)
                .Select(verdict => verdict.Verdict).Distinct(),
        ];
        return verdicts is [var only] ? only : null;
    }

    /// <summary>The path as the project's items name it.</summary>
    public string Name(ModelPath path) => path.RelativeTo(_folder, _segments);

    /// <summary>The line that makes the model one of the project's.</summary>
    public string ItemLine(ModelPath path) =>
        $"""<QuantizeModel Include="{SecurityElement.Escape(Name(path))}" CalibrationData="calibration/*.png" />""";

    /// <summary>The line that makes a checkpoint one of the project's models. A TorchScript archive holds its module, and needs no <paramref name="module"/>.</summary>
    public string ItemLine(ModelPath checkpoint, ITypeSymbol? module)
    {
        string type = module is null ? "" : $" ModuleType=\"{SecurityElement.Escape(module.ToDisplayString())}\"";
        return $"<QuantizeModel Include=\"{SecurityElement.Escape(Name(checkpoint))}\"{type} InputShapes=\"input=1,3,32,32\" CalibrationData=\"calibration/*.npy\" />";
    }

    /// <summary>True for the generated class and what its other parts hold: there the float model is opened on purpose.</summary>
    public bool IsShim(INamedTypeSymbol? type)
    {
        for (; type is not null; type = type.ContainingType)
            if (_shimTypes.Contains(type.ToDisplayString())) return true;
        return false;
    }

    // models.txt of the last build, a line a model: name, selected variant, inputs, outputs, link, and `int8=faster,int4-weights=slower`.
    private static IEnumerable<(ModelPath, string, string)> ReadVerdicts(AnalyzerOptions options) =>
        from file in options.AdditionalFiles
        where Value(options.AnalyzerConfigOptionsProvider.GetOptions(file), "build_metadata.AdditionalFiles.QuantizeModelVerdicts") == "true"
        from line in file.GetText()?.Lines ?? Enumerable.Empty<TextLine>()
        let columns = line.ToString().Split('\t')
        where columns.Length >= 6
        from verdict in columns[5].Split(',')
        let parts = verdict.Split('=')
        where parts.Length == 2
        select (ModelPath.Of(columns[4]), parts[0], parts[1]);

    private static string Value(AnalyzerConfigOptions options, string key) =>
        options.TryGetValue(key, out string? value) ? value.Trim() : "";
}
