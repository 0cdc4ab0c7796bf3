using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using System.Text.Encodings.Web;
using System.Text.Json;
using Octet.Quantization.Diagnostics;

namespace Octet.Quantization.Calibration;

/// <summary>
/// Calibration statistics in a file, to be merged with those of other shards or used later. The same statistics give the same bytes.
/// </summary>
/// <param name="ModelSha256">SHA-256 of the .onnx file that was calibrated, lower-case hexadecimal.</param>
/// <param name="Statistics">What was learned.</param>
public sealed record StatisticsFile(string ModelSha256, CalibrationStatistics Statistics)
{
    /// <summary>The version of the form that is written, and the only one that is read.</summary>
    public const int Schema = 1;

    private const long LargestLength = 1 << 28;

    // Leaves room for the counts of many files to add up within 64 bits.
    private const long LargestCount = 1L << 52;

    // A sum of 2^52 of the largest floats has 99 digits.
    private const int LargestDigits = 100;

    /// <summary>Reads a file, which may be anybody's.</summary>
    /// <exception cref="DiagnosticException">OCT3011: it cannot be read, or what it says is impossible.</exception>
    public static StatisticsFile Read(string path)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (stream.Length > LargestLength)
                throw new FormatException($"it has {stream.Length} bytes, more than any model's statistics");
            using JsonDocument document = JsonDocument.Parse(stream);
            return Parse(document.RootElement);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or FormatException or InvalidOperationException)
        {
            // Text that is no UTF-8 is found when it is read, as an InvalidOperationException.
            throw DiagnosticCatalog.Exception("OCT3011", path, exception is JsonException or InvalidOperationException ? "it is no JSON" : exception.Message.TrimEnd('.'));
        }
    }

    /// <summary>Writes the file in one piece.</summary>
    /// <exception cref="DiagnosticException">OCT5002.</exception>
    public void Write(string path) => AtomicFile.Write(path, Write);

    /// <summary>Writes to a stream.</summary>
    public void Write(Stream stream)
    {
        using Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        writer.WriteStartObject();
        writer.WriteNumber("schema", Schema);
        writer.WriteString("modelSha256", ModelSha256);
        writer.WriteNumber("samples", Statistics.Samples);
        writer.WriteBoolean("histograms", Statistics.HasHistograms);
        writer.WriteStartArray("tensors");
        foreach ((string name, TensorStatistics tensor) in Statistics.Tensors)
            WriteTensor(writer, name, tensor);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>The statistics of both files together.</summary>
    /// <param name="other">Another shard's.</param>
    /// <param name="path">The other's file, for the message.</param>
    /// <exception cref="DiagnosticException">OCT3012: they do not belong together.</exception>
    public StatisticsFile Merge(StatisticsFile other, string path)
    {
        try
        {
            if (ModelSha256 != other.ModelSha256)
                throw new ArgumentException("they are of different models");
            return this with { Statistics = Statistics.Merge(other.Statistics) };
        }
        catch (ArgumentException exception)
        {
            throw DiagnosticCatalog.Exception("OCT3012", path, $"it cannot be merged with the files before it: {exception.Message}");
        }
        catch (OverflowException)
        {
            throw DiagnosticCatalog.Exception("OCT3012", path, "it cannot be merged with the files before it: the counts exceed 64 bits");
        }
    }

    /// <summary>Makes sure that the statistics are of a model and serve a method.</summary>
    /// <param name="path">This file, for the message.</param>
    /// <param name="modelSha256">The model's hash.</param>
    /// <param name="method">A calibration method, or auto.</param>
    /// <exception cref="DiagnosticException">OCT3012: they are not, or do not.</exception>
    public void EnsureFits(string path, string modelSha256, string method)
    {
        if (ModelSha256 != modelSha256)
            throw DiagnosticCatalog.Exception("OCT3012", path, $"it is of another model (SHA-256 {ModelSha256[..12]}..., this one has {modelSha256[..12]}...)");
        if (Statistics.Samples == 0)
            throw DiagnosticCatalog.Exception("OCT3012", path, "it is of no samples");
        if (!Statistics.HasHistograms && CalibrationMethods.NeedsHistogram(method))
            throw DiagnosticCatalog.Exception("OCT3012", path, $"it has no histograms, which the method '{method}' needs");
    }

    /// <summary>Makes sure that the statistics cover what is to be quantized.</summary>
    /// <exception cref="DiagnosticException">OCT3012: a tensor is missing.</exception>
    public void EnsureCovers(string path, IEnumerable<string> tensors)
    {
        if (tensors.FirstOrDefault(tensor => !Statistics.Tensors.ContainsKey(tensor)) is { } missing)
            throw DiagnosticCatalog.Exception("OCT3012", path, $"it lacks the value '{missing}': another version of Octet prepared the model");
    }

    private static void WriteTensor(Utf8JsonWriter writer, string name, TensorStatistics tensor)
    {
        writer.WriteStartObject();
        writer.WriteString("name", name);
        if (tensor.Range.IsUsable)
        {
            writer.WriteNumber("samples", tensor.Samples);
            writer.WriteNumber("min", tensor.Range.Min);
            writer.WriteNumber("max", tensor.Range.Max);
            writer.WriteString("minima", tensor.Minima.Units.ToString(CultureInfo.InvariantCulture));
            writer.WriteString("maxima", tensor.Maxima.Units.ToString(CultureInfo.InvariantCulture));
            if (tensor.Histogram is { } histogram)
            {
                writer.WriteNumber("exponent", histogram.Exponent);
                writer.WriteNumber("first", histogram.First);
                writer.WriteStartArray("counts");
                foreach (long count in histogram.Counts())
                    writer.WriteNumberValue(count);
                writer.WriteEndArray();
            }
        }
        else if (!tensor.Range.IsEmpty)
        {
            writer.WriteBoolean("notFinite", true);
        }
        writer.WriteEndObject();
    }

    private static StatisticsFile Parse(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("schema", out JsonElement schema) || !schema.TryGetInt32Of(out int version))
            throw new FormatException("it is no statistics file");
        if (version != Schema)
            throw new FormatException($"it is of version {version}, and this Octet reads version {Schema}");

        string sha256 = Text(root, "modelSha256");
        if (sha256.Length != 64 || !sha256.All(char.IsAsciiHexDigitLower))
            throw new FormatException("its modelSha256 is no SHA-256");
        long samples = Count(root, "samples");
        bool histograms = Property(root, "histograms").ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw new FormatException("its 'histograms' is neither true nor false"),
        };
        ImmutableSortedDictionary<string, TensorStatistics>.Builder tensors = ImmutableSortedDictionary.CreateBuilder<string, TensorStatistics>(StringComparer.Ordinal);
        foreach (JsonElement tensor in Elements(root, "tensors"))
        {
            string name = Text(tensor, "name");
            if (!tensors.TryAdd(name, ParseTensor(tensor, name, samples, histograms)))
                throw new FormatException($"it names '{name}' twice");
        }
        return new StatisticsFile(sha256, new CalibrationStatistics(samples, histograms, tensors.ToImmutable()));
    }

    private static TensorStatistics ParseTensor(JsonElement element, string name, long allSamples, bool withHistogram)
    {
        FormatException Impossible(string what) => new($"its {what} of '{name}' is impossible");

        if (element.TryGetProperty("notFinite", out _))
            return new TensorStatistics(0, ActivationRange.Broken, default, default, withHistogram ? new ActivationHistogram() : null);
        if (!element.TryGetProperty("min", out _))
            return new TensorStatistics(withHistogram);

        ActivationRange range = new(Float(element, "min"), Float(element, "max"));
        if (!range.IsUsable)
            throw Impossible("range");
        long samples = Count(element, "samples");
        if (samples == 0 || samples > allSamples)
            throw Impossible("number of samples");
        ExactSum minima = Sum(element, "minima");
        ExactSum maxima = Sum(element, "maxima");
        if (!(range.Min <= minima.Mean(samples) && minima.Mean(samples) <= maxima.Mean(samples) && maxima.Mean(samples) <= range.Max))
            throw Impossible("sum of minima or maxima");
        if (!withHistogram)
            return new TensorStatistics(samples, range, minima, maxima, null);

        int exponent = Whole(element, "exponent");
        if (exponent != ActivationHistogram.ExponentFor(range.Magnitude))
            throw Impossible("exponent");
        int first = Whole(element, "first");
        long[] counts = [.. Elements(element, "counts").Select(count => count.ValueKind == JsonValueKind.Number && count.TryGetInt64(out long value) && value is >= 0 and <= LargestCount ? value : throw Impossible("counts"))];
        const int Outermost = ActivationHistogram.BinsPerSide - 1;
        if (counts.Length == 0 || first < -Outermost || first > Outermost - counts.Length + 1)
            throw Impossible("counts");
        ActivationHistogram histogram = new();
        histogram.Add(exponent, first, counts);
        float scale = MathF.ScaleB(1, -exponent);
        if (histogram.Total is <= 0 or > LargestCount || histogram.First != (int)(range.Min * scale) || histogram.Last != (int)(range.Max * scale))
            throw Impossible("counts");
        return new TensorStatistics(samples, range, minima, maxima, histogram);
    }

    private static JsonElement Property(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) ? value : throw new FormatException($"it lacks '{name}'");

    private static string Text(JsonElement element, string name) =>
        Property(element, name) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : throw new FormatException($"its '{name}' is no text");

    private static IEnumerable<JsonElement> Elements(JsonElement element, string name) =>
        Property(element, name) is { ValueKind: JsonValueKind.Array } value ? value.EnumerateArray() : throw new FormatException($"its '{name}' is no list");

    private static long Count(JsonElement element, string name) =>
        Property(element, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out long count) && count is >= 0 and <= LargestCount
            ? count
            : throw new FormatException($"its '{name}' is no number of samples");

    private static int Whole(JsonElement element, string name) =>
        Property(element, name).TryGetInt32Of(out int number) ? number : throw new FormatException($"its '{name}' is no whole number");

    private static float Float(JsonElement element, string name) =>
        Property(element, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetSingle(out float number) ? number : throw new FormatException($"its '{name}' is no number");

    private static ExactSum Sum(JsonElement element, string name) =>
        Text(element, name) is { Length: <= LargestDigits } text && BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out BigInteger units)
            ? new ExactSum(units)
            : throw new FormatException($"its '{name}' is no whole number");
}

/// <summary>Numbers of JSON that may be anything else.</summary>
file static class JsonNumbers
{
    public static bool TryGetInt32Of(this JsonElement element, out int number)
    {
        number = 0;
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out number);
    }
}
