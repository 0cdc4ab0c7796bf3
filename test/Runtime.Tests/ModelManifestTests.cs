using System.Text;
using CsCheck;

namespace Octet.Runtime.Tests;

public sealed class ModelManifestTests
{
    private static readonly ModelManifest Example = new()
    {
        Name = "direction",
        Float = "direction.onnx",
        FloatSha256 = "ab12",
        FloatSizeBytes = 1000,
        Selected = "int8",
        Reason = "2.4 × as fast – \"really\"",
        Probe = "direction.probe.npz",
        Threads = 2,
        BatchSize = 1,
        OnnxRuntime = "1.31.1",
        Cpu = "A Processor",
        MinSpeedup = 1.05,
        Variants =
        [
            new ManifestVariant { Name = "float", File = "direction.onnx", Sha256 = "ab12", SizeBytes = 1000, Speedup = 1, SpeedupLow = 1, SpeedupHigh = 1, Verdict = "baseline" },
            new ManifestVariant
            {
                Name = "int8",
                File = "direction.int8.onnx",
                Sha256 = "cd34",
                SizeBytes = 300,
                MedianMilliseconds = 1.25,
                MadMilliseconds = 0.01,
                Speedup = 2.4,
                SpeedupLow = 2.3,
                SpeedupHigh = 2.5,
                Accuracy = new ManifestAccuracy("top1", 0.99, 0.985, 0.005, 300, true),
                ProbeSqnrDb = 31.5,
                Verdict = "faster",
                Reason = "it is",
            },
            new ManifestVariant { Name = "float16", Verdict = "slower", SpeedupHigh = double.PositiveInfinity },
        ],
    };

    [Fact]
    public void Manifests_survive() => AssertEqual(Example, RoundTrip(Example));

    [Fact]
    public void Figures_of_any_kind_survive() => Gen.Select(Gen.Double, Gen.Double.Nullable(), Gen.String).Sample((value, maybe, text) =>
    {
        // Strings that are no Unicode have no json form.
        text = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        ModelManifest manifest = Example with
        {
            Reason = text,
            Variants = [Example.Variants[0] with { MedianMilliseconds = value, ProbeSqnrDb = maybe, Accuracy = new ManifestAccuracy(text, maybe, value, value, 1, false) }],
            Selected = "float",
        };
        AssertEqual(manifest, RoundTrip(manifest));
    });

    [Fact]
    public void Written_form_is_the_documented_one()
    {
        string json = Write(Example);

        Assert.StartsWith("{\n  \"schema\": 1,\n  \"name\": \"direction\",\n  \"float\": \"direction.onnx\",\n  \"floatSha256\": \"ab12\",\n  \"floatSizeBytes\": 1000,\n", json);
        Assert.Contains("\"reason\": \"2.4 × as fast – \\\"really\\\"\"", json);
        Assert.Contains("\"accuracy\": null", json);
        Assert.Contains("\"metric\": \"top1\"", json);
        Assert.Contains("\"probeSqnrDb\": 31.5", json);
        Assert.Contains("\"speedupHigh\": \"Infinity\"", json);
        Assert.EndsWith("}\n", json);
        Assert.DoesNotContain("\r", json);
    }

    [Fact]
    public void What_a_later_version_adds_is_passed_over() =>
        AssertEqual(Example, Read(Write(Example).Replace("\"schema\": 1,", "\"schema\": 1, \"later\": [1, {}],")));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{ \"schema\": 1")]
    [InlineData("\0\0\0\0")]
    public void Things_that_are_no_manifest_are_refused(string json) => Assert.Throws<InvalidDataException>(() => Read(json));

    [Theory]
    [InlineData("\"schema\": 1", "\"schema\": 2", "schema is 2")]
    [InlineData("\"name\": \"direction\"", "\"name\": \"\"", "no name")]
    [InlineData("\"selected\": \"int8\"", "\"selected\": \"int4\"", "'int4' is none")]
    [InlineData("\"name\": \"float\"", "\"name\": \"first\"", "not the float")]
    [InlineData("\"name\": \"float16\"", "\"name\": \"int8\"", "same name")]
    [InlineData("\"file\": \"direction.int8.onnx\"", "\"file\": \"../other.onnx\"", "'../other.onnx'")]
    [InlineData("\"file\": \"direction.int8.onnx\"", "\"file\": \"a\\\\..\\\\..\\\\other.onnx\"", "other.onnx'")]
    [InlineData("\"file\": \"direction.int8.onnx\"", "\"file\": \"/etc/passwd\"", "'/etc/passwd'")]
    [InlineData("\"file\": \"direction.int8.onnx\"", "\"file\": \"\"", "''")]
    [InlineData("\"probe\": \"direction.probe.npz\"", "\"probe\": \"../p.npz\"", "'../p.npz'")]
    [InlineData("\"float\": \"direction.onnx\"", "\"float\": \"../direction.onnx\"", "'../direction.onnx'")]
    [InlineData("\"float\": \"direction.onnx\"", "\"float\": null", "no float")]
    [InlineData("\"reason\": \"it is\"", "\"reason\": null", "null")]
    [InlineData("\"sha256\": \"cd34\"", "\"sha256\": null", "null")]
    [InlineData("\"metric\": \"top1\"", "\"metric\": null", "null")]
    [InlineData("\"cpu\": \"A Processor\"", "\"cpu\": null", "null")]
    [InlineData("\"sizeBytes\": 300", "\"sizeBytes\": \"many\"", "sizeBytes")]
    public void Contradictions_are_refused_with_their_reason(string old, string replacement, string reason)
    {
        string json = Write(Example);
        Assert.Contains(old, json);

        Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => Read(json.Replace(old, replacement))).Message);
    }

    [Fact]
    public void Empty_and_missing_variants_are_refused()
    {
        Assert.Throws<InvalidDataException>(() => RoundTrip(Example with { Variants = [] }));
        Assert.Throws<InvalidDataException>(() => Read("{\"name\":\"a\",\"float\":\"a.onnx\",\"selected\":\"float\",\"variants\":null}"));
        Assert.Throws<InvalidDataException>(() => Read("{\"name\":\"a\",\"float\":\"a.onnx\",\"selected\":\"float\",\"variants\":[null]}"));
    }

    private static void AssertEqual(ModelManifest expected, ModelManifest actual)
    {
        // Immutable arrays compare by reference: compare them apart.
        Assert.Equal(expected.Variants.AsEnumerable(), actual.Variants);
        Assert.Equal(expected with { Variants = [] }, actual with { Variants = [] });
    }

    private static ModelManifest RoundTrip(ModelManifest manifest) => Read(Write(manifest));

    private static string Write(ModelManifest manifest)
    {
        using var stream = new MemoryStream();
        manifest.Write(stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static ModelManifest Read(string json) => ModelManifest.Read(new MemoryStream(Encoding.UTF8.GetBytes(json)));
}
