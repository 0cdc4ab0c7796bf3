using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Octet.Runtime;

namespace Octet.Quantization.Reporting;

/// <summary>report.json: the same report gives the same bytes on every machine (UTF-8 without BOM, LF, indented).</summary>
public static class ReportJson
{
    /// <summary>The version of the form that is written, and the newest that is read.</summary>
    public const int Schema = 1;

    private static readonly JsonSerializerOptions Options = new(ReportJsonContext.Default.Options)
    {
        // The file is never embedded in a page, so names may stay readable.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = ReportJsonContext.Default.WithAddedModifier(RequireAgreedFields),
    };

    private static readonly JsonTypeInfo<QuantizationReport> ReportInfo = (JsonTypeInfo<QuantizationReport>)Options.GetTypeInfo(typeof(QuantizationReport));

    /// <summary>Writes the report. Numbers that are not finite become null.</summary>
    public static void Write(Stream stream, QuantizationReport report)
    {
        string json = JsonSerializer.Serialize(report.WithLists(), ReportInfo);
        // A line end inside a text is escaped, so these are the indentation's own.
        stream.Write(Encoding.UTF8.GetBytes(json.Replace("\r\n", "\n", StringComparison.Ordinal) + "\n"));
    }

    /// <summary>Reads a report. Unknown fields are ignored; a number that is null becomes NaN.</summary>
    /// <exception cref="ReportFormatException">The text is not JSON, is of a newer schema, or lacks an agreed field.</exception>
    public static QuantizationReport Read(Stream stream)
    {
        using var buffer = new MemoryStream();
        stream.CopyTo(buffer);
        ReadOnlyMemory<byte> json = WithoutByteOrderMark(buffer.GetBuffer().AsMemory(0, (int)buffer.Length));
        try
        {
            CheckSchema(json);
            QuantizationReport? report = JsonSerializer.Deserialize(json.Span, ReportInfo);
            return Complete(report);
        }
        catch (JsonException e)
        {
            throw new ReportFormatException(Explain(e), e);
        }
    }

    private static ReadOnlyMemory<byte> WithoutByteOrderMark(ReadOnlyMemory<byte> json) =>
        json.Span.StartsWith(Encoding.UTF8.Preamble) ? json[Encoding.UTF8.Preamble.Length..] : json;

    /// <summary>Before anything else: another schema may differ in everything else.</summary>
    private static void CheckSchema(ReadOnlyMemory<byte> json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("schema", out JsonElement value)
            || value.ValueKind != JsonValueKind.Number
            || !value.TryGetInt32(out int schema)
            || schema < 1)
        {
            throw new ReportFormatException("The file is not a report of Octet: it has no schema number.");
        }
        if (schema > Schema)
            throw new ReportFormatException($"The report was written by a newer Octet (schema {schema}; this one reads up to {Schema}). Update Octet.");
    }

    /// <summary>What the serializer lets through although the records' types do not.</summary>
    private static QuantizationReport Complete(QuantizationReport? report)
    {
        QuantizationReport found = Present(report, "the report");
        Present(found.Machine, "machine");
        for (int i = 0; i < found.Models.Length; i++)
        {
            ModelReport model = Present(found.Models[i], $"models[{i}]");
            for (int j = 0; j < model.Variants.Length; j++)
                foreach (ConditionFigures? condition in Present(model.Variants[j], $"models[{i}].variants[{j}]").Conditions is { IsDefault: false } conditions ? conditions : [])
                    Present(condition, $"models[{i}].variants[{j}].conditions");
            for (int j = 0; j < model.Layers.Length; j++)
                Present(model.Layers[j], $"models[{i}].layers[{j}]");
        }
        return found.WithLists();
    }

    private static T Present<T>(T? value, string place)
        where T : class => value ?? throw new ReportFormatException($"The report cannot be read: {place} is null.");

    private static string Explain(JsonException e)
    {
        string line = e.LineNumber is { } number ? $" (line {number + 1})" : "";
        return e.Path is { Length: > 1 } path
            ? $"The report cannot be read at {path.TrimStart('$', '.')}{line}: the value is missing or not of the agreed kind."
            : $"The report cannot be read{line}: it is not complete, valid JSON of the agreed form.";
    }

    /// <summary>Everything but the fields that a reader can do without.</summary>
    private static void RequireAgreedFields(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object || type.Type.Namespace is not ("Octet.Quantization.Reporting" or "Octet.Runtime"))
            return;
        foreach (JsonPropertyInfo property in type.Properties)
            property.IsRequired = property.Name is not ("threads" or "batchSize" or "latenciesMilliseconds" or "recipe" or "conditions" or "recommendedThreads");
    }
}

[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    Converters = [typeof(FiniteNumberConverter), typeof(TextConverter), typeof(NumberListConverter), typeof(FreeFormConverter)])]
[JsonSerializable(typeof(QuantizationReport))]
internal sealed partial class ReportJsonContext : JsonSerializerContext;
