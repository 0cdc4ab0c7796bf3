using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Octet.Runtime;

/// <summary>What lies beside a model in the application's output: its variants, the build's figures and the build's choice.</summary>
public sealed record ModelManifest
{
    /// <summary>The only version of this form so far.</summary>
    public const int CurrentSchema = 1;

    /// <summary>The name of the variant that is the model itself.</summary>
    public const string FloatVariant = "float";

    /// <summary>The version of this form.</summary>
    public int Schema { get; init; } = CurrentSchema;

    /// <summary>The model's name.</summary>
    public required string Name { get; init; }

    /// <summary>The float model's file, relative to the manifest's folder.</summary>
    public required string Float { get; init; }

    /// <summary>SHA-256 of the float file, lower-case hexadecimal.</summary>
    public string FloatSha256 { get; init; } = "";

    /// <summary>The float file's length in bytes.</summary>
    public long FloatSizeBytes { get; init; }

    /// <summary>The name of the variant that the build chose.</summary>
    public required string Selected { get; init; }

    /// <summary>Why the build chose it, in words and figures.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The probe's file, relative to the manifest's folder; null where there is none.</summary>
    public string? Probe { get; init; }

    /// <summary>Intra-operator threads that the build measured with; 0 is ONNX Runtime's own choice.</summary>
    public int Threads { get; init; }

    /// <summary>Extent of the batch dimension that the build measured with.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary>Version of the ONNX Runtime that the build measured with.</summary>
    public string OnnxRuntime { get; init; } = "";

    /// <summary>The processor that the build measured on.</summary>
    public string Cpu { get; init; } = "";

    /// <summary>Processor cores of the machine that the build measured on; 0 where the build did not say.</summary>
    public int Cores { get; init; }

    /// <summary>How many times as fast as the float model a variant had to be.</summary>
    public double MinSpeedup { get; init; } = 1.05;

    /// <summary>The float model first, then the others.</summary>
    public required ImmutableArray<ManifestVariant> Variants { get; init; }

    /// <summary>Reads a manifest and checks that it can be used; the stream stays open.</summary>
    /// <param name="stream">A readable stream.</param>
    /// <exception cref="InvalidDataException">It is no manifest, its schema is not known, or it contradicts itself.</exception>
    public static ModelManifest Read(Stream stream)
    {
        ModelManifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize(stream, ManifestJson.Readable.ModelManifest);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The manifest is not valid: {e.Message}", e);
        }

        if (manifest?.FindFault() is not string fault)
            return manifest ?? throw new InvalidDataException("The manifest is empty.");
        throw new InvalidDataException($"The manifest is not valid: {fault}");
    }

    /// <summary>The threads that a variant runs fastest with on this machine, where the build knows them; null for ONNX Runtime's own choice.</summary>
    /// <remarks>One thread was compared with one a core: with another number of cores the comparison says little.</remarks>
    internal int? RecommendedThreads(ManifestVariant variant) => Cores == MachineDescription.Current.Cores ? variant.RecommendedThreads : null;

    /// <summary>Writes the manifest as indented json; the stream stays open.</summary>
    /// <param name="stream">A writable stream.</param>
    public void Write(Stream stream)
    {
        // The same bytes on every system: the serializer breaks lines as the system does.
        string json = JsonSerializer.Serialize(this, ManifestJson.Readable.ModelManifest).Replace("\r\n", "\n") + "\n";
        byte[] bytes = Encoding.UTF8.GetBytes(json);
        stream.Write(bytes, 0, bytes.Length);
    }

    private string? FindFault()
    {
        if (Schema != CurrentSchema)
            return $"its schema is {Schema}, this version of Octet.Runtime reads {CurrentSchema}.";
        if (string.IsNullOrEmpty(Name) || string.IsNullOrEmpty(Float) || string.IsNullOrEmpty(Selected))
            return "it has no name, no float model or no selected variant.";
        if (Variants.IsDefaultOrEmpty || Variants.Any(static variant => variant is null || string.IsNullOrEmpty(variant.Name)))
            return "it has no variants or one without a name.";
        // The serializer puts null where a null stands, whatever the property's type says.
        if (Variants.Any(static variant => !variant.Conditions.IsDefault && variant.Conditions.Any(static condition => condition is not { Threads: >= 0, BatchSize: > 0 })))
            return "a condition has no threads or no batch.";
        string?[] texts = [FloatSha256, Reason, OnnxRuntime, Cpu, .. Variants.SelectMany(Texts)];
        if (texts.Contains(null))
            return "a text is null.";
        if (Variants[0].Name != FloatVariant)
            return "its first variant is not the float model.";
        if (Variants.Select(static variant => variant.Name).Distinct(StringComparer.Ordinal).Count() != Variants.Length)
            return "two of its variants have the same name.";
        if (!Variants.Any(variant => variant.Name == Selected))
            return $"its selected variant '{Selected}' is none of its variants.";
        return Variants.Select(static variant => variant.File).Append(Float).Append(Probe).FirstOrDefault(static file => !IsBeside(file)) is string stray
            ? $"its file '{stray}' does not lie in its folder."
            : null;
    }

    private static IEnumerable<string?> Texts(ManifestVariant variant) =>
        [variant.Sha256, variant.Verdict, variant.Reason, variant.Accuracy is { } accuracy ? accuracy.Metric : ""];

    /// <summary>Whether a file is named relative to the manifest and below its folder; also true where there is none.</summary>
    private static bool IsBeside(string? file) =>
        file is null || (file.Length > 0 && !Path.IsPathRooted(file) && !file.Split('/', '\\').Contains(".."));
}
