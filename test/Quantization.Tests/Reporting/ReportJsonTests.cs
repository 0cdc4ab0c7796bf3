using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Octet.Quantization.Reporting;

namespace Octet.Quantization.Tests.Reporting;

public sealed class ReportJsonTests
{
    [Fact]
    public void Names_and_order_are_those_that_were_agreed()
    {
        JsonObject root = JsonNode.Parse(Write(SampleReports.Typical))!.AsObject();
        JsonObject model = root["models"]![0]!.AsObject();
        JsonObject variant = model["variants"]![1]!.AsObject();

        Assert.Equal(["schema", "machine", "models"], Names(root));
        Assert.Equal(["cpu", "features", "cores", "os", "onnxRuntime"], Names(root["machine"]!.AsObject()));
        Assert.Equal(["name", "source", "sha256", "selected", "reason", "variants", "layers", "threads", "batchSize"], Names(model));
        Assert.Equal(
            [
                "name", "path", "sizeBytes", "medianMilliseconds", "madMilliseconds", "speedup", "speedupLow", "speedupHigh", "accuracy",
                "integerNodes", "floatComputeNodes", "conversionNodes", "verdict", "reason", "recipe", "latenciesMilliseconds", "conditions", "recommendedThreads",
            ],
            Names(variant));
        Assert.Equal(["metric", "float", "value", "drop", "samples", "verified"], Names(variant["accuracy"]!.AsObject()));
        Assert.Equal(["node", "op", "sqnrDb", "floatMicroseconds", "variantMicroseconds", "quantized"], Names(model["layers"]![0]!.AsObject()));
    }

    [Fact]
    public void Figures_are_those_of_the_records()
    {
        JsonNode variant = JsonNode.Parse(Write(SampleReports.Typical))!["models"]![0]!["variants"]![1]!;

        Assert.Equal(161_120, variant["sizeBytes"]!.GetValue<long>());
        Assert.Equal(1.59, variant["speedup"]!.GetValue<double>());
        Assert.Equal(0.9817, variant["accuracy"]!["value"]!.GetValue<double>());
        Assert.Equal("static", variant["recipe"]!["method"]!.GetValue<string>());
        Assert.Equal(SampleReports.Direction.Variants[1].LatenciesMilliseconds, variant["latenciesMilliseconds"]!.AsArray().Select(value => value!.GetValue<double>()));
    }

    [Fact]
    public void Bytes_are_the_same_everywhere()
    {
        byte[] bytes = WriteBytes(SampleReports.Typical);

        Assert.Equal(bytes, WriteBytes(SampleReports.Typical));
        Assert.Equal(bytes, ForeignCulture.Run(() => WriteBytes(SampleReports.Typical)));
        Assert.Equal((byte)'{', bytes[0]);
        Assert.Equal((byte)'\n', bytes[^1]);
        Assert.DoesNotContain((byte)'\r', bytes);
    }

    [Fact]
    public void A_number_that_is_not_finite_is_null_and_comes_back_as_not_a_number()
    {
        VariantReport failed = SampleReports.Failed("int8", "x") with
        {
            SpeedupHigh = double.PositiveInfinity,
            Accuracy = new AccuracyReport("sqnr-db", double.NaN, double.NegativeInfinity, 0, 1, true),
            Recipe = new JsonObject { ["clip"] = double.NaN, ["list"] = new JsonArray(float.PositiveInfinity, 1) },
            LatenciesMilliseconds = [1, double.NaN],
        };
        QuantizationReport report = SampleReports.Of(SampleReports.Direction with { Variants = [failed], Layers = [new("n", "Conv", double.NaN, null, 1, true)] });

        JsonNode model = JsonNode.Parse(Write(report))!["models"]![0]!;
        JsonNode variant = model["variants"]![0]!;
        foreach (string name in new[] { "medianMilliseconds", "madMilliseconds", "speedup", "speedupLow", "speedupHigh" })
            Assert.True(variant.AsObject().ContainsKey(name) && variant[name] is null, name);
        Assert.Null(variant["accuracy"]!["float"]);
        Assert.Null(variant["accuracy"]!["value"]);
        Assert.Null(variant["recipe"]!["clip"]);
        Assert.Null(variant["recipe"]!["list"]![0]);
        Assert.Null(model["layers"]![0]!["sqnrDb"]);

        VariantReport read = Read(Write(report)).Models[0].Variants[0];
        Assert.True(double.IsNaN(read.MedianMilliseconds));
        Assert.True(double.IsNaN(read.SpeedupHigh));
        Assert.True(double.IsNaN(read.LatenciesMilliseconds[1]));
        Assert.Null(read.Accuracy!.Float);
    }

    [Fact]
    public void What_is_read_is_what_was_written()
    {
        QuantizationReport read = Read(Write(SampleReports.Typical));

        Assert.Equal(SampleReports.Machine.Features.AsEnumerable(), read.Machine.Features);
        Assert.Equal(SampleReports.Machine, read.Machine with { Features = SampleReports.Machine.Features });
        VariantReport expected = SampleReports.Direction.Variants[1];
        VariantReport actual = read.Models[0].Variants[1];
        Assert.Equal(expected.LatenciesMilliseconds.AsEnumerable(), actual.LatenciesMilliseconds);
        Assert.True(JsonNode.DeepEquals(expected.Recipe, actual.Recipe));
        Assert.Equal(expected, actual with { LatenciesMilliseconds = expected.LatenciesMilliseconds, Recipe = expected.Recipe });
        Assert.Equal(SampleReports.Direction.Layers.AsEnumerable(), read.Models[0].Layers);
    }

    [Fact]
    public void Any_report_survives_the_way_to_the_file_and_back() => ArbitraryReports.Any.Sample(
        report =>
        {
            string written = Write(report);
            QuantizationReport read = Read(written);
            Assert.Equal(written, Write(read));
            Assert.Equal(report.Models.Length, read.Models.Length);
            foreach ((ModelReport before, ModelReport after) in report.Models.Zip(read.Models))
            {
                Assert.Equal(before.Name, after.Name);
                Assert.Equal(before.Variants.Select(variant => variant.SizeBytes), after.Variants.Select(variant => variant.SizeBytes));
                Assert.Equal(
                    before.Variants.Select(variant => double.IsFinite(variant.Speedup) ? variant.Speedup : double.NaN),
                    after.Variants.Select(variant => variant.Speedup));
            }
        },
        iter: 500);

    [Fact]
    public void Fields_that_a_newer_tool_of_the_same_schema_adds_are_ignored()
    {
        JsonNode root = JsonNode.Parse(Write(SampleReports.Typical))!;
        root["host"] = "x";
        root["models"]![0]!["variants"]![0]!["energy"] = new JsonObject { ["joules"] = 1 };

        Assert.Equal("direction", Read(root.ToJsonString()).Models[0].Name);
    }

    [Fact]
    public void Fields_that_were_added_to_the_agreed_ones_may_be_absent()
    {
        JsonNode root = JsonNode.Parse(Write(SampleReports.Typical))!;
        JsonObject model = root["models"]![0]!.AsObject();
        model.Remove("threads");
        model.Remove("batchSize");
        model["variants"]![0]!.AsObject().Remove("latenciesMilliseconds");

        Assert.Empty(Read(root.ToJsonString()).Models[0].Variants[0].LatenciesMilliseconds);
    }

    [Fact]
    public void A_byte_order_mark_is_no_obstacle()
    {
        using var stream = new MemoryStream([.. Encoding.UTF8.Preamble, .. WriteBytes(SampleReports.Typical)]);

        Assert.Equal(3, ReportJson.Read(stream).Models.Length);
    }

    [Fact]
    public void A_newer_schema_says_so_whatever_else_it_holds()
    {
        ReportFormatException e = Assert.Throws<ReportFormatException>(() => Read("""{ "schema": 2, "machine": 7, "models": {} }"""));

        Assert.Contains("schema 2", e.Message, StringComparison.Ordinal);
        Assert.Contains("Update", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("version https://git-lfs")]
    [InlineData("{}")]
    [InlineData("""{ "schema": "1" }""")]
    [InlineData("""{ "schema": 0 }""")]
    [InlineData("""{ "schema": 1 }""")]
    [InlineData("""{ "schema": 1, "machine": null, "models": [] }""")]
    [InlineData("""{ "schema": 1, "machine": { "cpu": "", "features": [], "cores": 2, "os": "", "onnxRuntime": "" }, "models": [null] }""")]
    [InlineData("""{ "schema": 1, "machine": { "cpu": null, "features": [], "cores": 2, "os": "", "onnxRuntime": "" }, "models": [] }""")]
    public void What_is_no_report_is_told_in_words(string json)
    {
        ReportFormatException e = Assert.Throws<ReportFormatException>(() => Read(json));

        Assert.DoesNotContain("JSON value could not", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", e.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_of_the_wrong_kind_is_told_with_its_place()
    {
        JsonNode root = JsonNode.Parse(Write(SampleReports.Typical))!;
        root["models"]![1]!["variants"]![0]!["speedup"] = "fast";

        ReportFormatException e = Assert.Throws<ReportFormatException>(() => Read(root.ToJsonString()));

        Assert.Contains("models[1].variants[0].speedup", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("speedup")]
    [InlineData("sizeBytes")]
    [InlineData("verdict")]
    [InlineData("accuracy")]
    public void An_agreed_field_may_not_be_absent(string name)
    {
        JsonNode root = JsonNode.Parse(Write(SampleReports.Typical))!;
        root["models"]![0]!["variants"]![1]!.AsObject().Remove(name);

        ReportFormatException e = Assert.Throws<ReportFormatException>(() => Read(root.ToJsonString()));

        Assert.Contains("models[0].variants[1]", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_occurs_twice_in_a_recipe_is_told()
    {
        string json = Write(SampleReports.Typical).Replace("\"range\": \"entropy\"", "\"type\": \"again\"", StringComparison.Ordinal);

        Assert.Throws<ReportFormatException>(() => Read(json));
    }

    private static string[] Names(JsonObject value) => [.. value.Select(member => member.Key)];

    private static byte[] WriteBytes(QuantizationReport report)
    {
        using var stream = new MemoryStream();
        ReportJson.Write(stream, report);
        return stream.ToArray();
    }

    private static string Write(QuantizationReport report) => Encoding.UTF8.GetString(WriteBytes(report));

    private static QuantizationReport Read(string json)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(json));
        return ReportJson.Read(stream);
    }
}
