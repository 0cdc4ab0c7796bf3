using System.Collections.Immutable;
using System.Security;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Octet.Analyzers;

/// <summary>The models the project quantizes, as the build hands them over: additional files with metadata.</summary>
internal sealed class ProjectModels
{
    private readonly ImmutableArray<(ModelPath Link, string Shim)> _models;
    private readonly ImmutableHashSet<string> _shimTypes;
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

    /// <summary>The path as the project's items name it.</summary>
    public string Name(ModelPath path) => path.RelativeTo(_folder, _segments);

    /// <summary>The line that makes the model one of the project's.</summary>
    public string ItemLine(ModelPath path) =>
        $"""<QuantizeModel Include="{SecurityElement.Escape(Name(path))}" CalibrationData="calibration/*.png" />""";

    /// <summary>True for the generated class and what its other parts hold: there the float model is opened on purpose.</summary>
    public bool IsShim(INamedTypeSymbol? type)
    {
        for (; type is not null; type = type.ContainingType)
            if (_shimTypes.Contains(type.ToDisplayString())) return true;
        return false;
    }

    private static string Value(AnalyzerConfigOptions options, string key) =>
        options.TryGetValue(key, out string? value) ? value.Trim() : "";
}
