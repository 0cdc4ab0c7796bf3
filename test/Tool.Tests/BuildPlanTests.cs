using Octet.Quantization;
using Octet.Quantization.Diagnostics;
using Octet.Tool.Build;

namespace Octet.Tool.Tests;

public class BuildPlanTests
{
    private static readonly string[] Minimal = ["--output=/o", "--project-directory=/p", "--model=/p/m/a.onnx", "--name=a", "--link=m/a.onnx"];

    [Fact]
    public void Values_are_taken_as_they_are()
    {
        BuildPlan plan = BuildPlan.Parse(["--output=/a b/c=d", "--cache=", "", "--model=/m = 1.onnx", "--preprocessing=scale=1/255;mean=0.5", "--data=/\"x\" y.png", "--data=/z.png"], "octet.rsp");
        Assert.Equal("/a b/c=d", plan.Options.Text("output"));
        Assert.Equal("", plan.Options.Text("cache"));
        PlanOptions model = Assert.Single(plan.Models);
        Assert.Equal("/m = 1.onnx", model.Text("model"));
        Assert.Equal("scale=1/255;mean=0.5", model.Text("preprocessing"));
        Assert.Equal(["/\"x\" y.png", "/z.png"], model.All("data").AsEnumerable());
    }

    [Fact]
    public void Lines_after_a_model_belong_to_it()
    {
        BuildPlan plan = BuildPlan.Parse(["--report=None", "--model=a", "--name=A", "--model=b", "--name=B"], "octet.rsp");
        Assert.Equal(["A", "B"], plan.Models.Select(model => model.Text("name")));
        Assert.Equal("", plan.Options.Text("name"));
        Assert.Equal("None", plan.Options.Text("report"));
    }

    [Theory]
    [InlineData("model=a")]
    [InlineData("--model")]
    [InlineData("-model=a")]
    [InlineData("  ")]
    public void A_line_of_another_form_is_an_error_that_names_it(string line)
    {
        Diagnostic diagnostic = Assert.Throws<DiagnosticException>(() => BuildPlan.Parse(["--output=/o", line], "octet.rsp")).Diagnostic;
        Assert.Equal(("OCT5005", "octet.rsp"), (diagnostic.Code, diagnostic.File));
        Assert.Contains($"line 2, '{line}'", diagnostic.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_that_is_not_there_is_an_error() =>
        Assert.Equal("OCT5005", Assert.Throws<DiagnosticException>(() => BuildPlan.Read(Path.Combine(Path.GetTempPath(), "no-such-plan.rsp"))).Diagnostic.Code);

    [Fact]
    public void What_is_left_out_has_the_documented_defaults()
    {
        QuantizationRequest request = Request(Minimal);
        Assert.Equal((0.01, 1.05, 120, 0, 1, 300, "auto"), (request.MaxAccuracyDrop, request.MinSpeedup, request.TimeBudget.TotalSeconds, request.Threads, request.BatchSize, request.CalibrationSamples, request.Target));
        Assert.Empty(request.Variants);
        Assert.Null(request.Preprocessing);
        Assert.Null(request.Labels);
    }

    [Fact]
    public void What_is_set_reaches_the_request()
    {
        QuantizationRequest request = Request([.. Minimal, "--variants=int8; float-optimized", "--max-accuracy-drop=0.5", "--min-speedup=2", "--time-budget=3", "--threads=4", "--batch-size=5",
            "--calibration-samples=6", "--target=arm64", "--method=entropy", "--preprocessing=imagenet", "--labels=folders", "--input-shapes=x=1,2;a=b=3", "--exclude=Gemm", "--exclude=/head/*"]);
        Assert.Equal(["int8", "float-optimized"], request.Variants.AsEnumerable());
        Assert.Equal((0.5, 2, 3, 4, 5, 6, "arm64"), (request.MaxAccuracyDrop, request.MinSpeedup, request.TimeBudget.TotalSeconds, request.Threads, request.BatchSize, request.CalibrationSamples, request.Target));
        Assert.Equal(("imagenet", "folders", "entropy"), (request.Preprocessing, request.Labels, request.Method));
        Assert.Equal([1, 2], request.InputShapes["x"].AsEnumerable());
        Assert.Equal([3], request.InputShapes["a=b"].AsEnumerable());
        Assert.Equal(["Gemm", "/head/*"], request.Exclude.Select(pattern => pattern.Pattern));
        Assert.Equal(("m/a.onnx", "a.onnx"), (request.Source, request.FloatFileName));
        Assert.Equal(Path.Combine("/o", "variants", "m"), request.OutputDirectory);
    }

    [Fact]
    public void Several_threads_and_batches_are_each_a_condition()
    {
        QuantizationRequest request = Request([.. Minimal, "--threads=2;1;2", "--batch-size=1; 8"]);
        Assert.Equal((2, 1), (request.Threads, request.BatchSize));
        Assert.Equal([new(1, 1), new(2, 8), new(1, 8)], request.Conditions.AsEnumerable());
        Assert.Empty(Request([.. Minimal, "--threads=3"]).Conditions);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("--custom-operators=true", true)]
    [InlineData("--custom-operators=false", false)]
    public void Custom_operators_are_allowed_unless_switched_off(string line, bool allowed) =>
        Assert.Equal(allowed, Request([.. Minimal, line]).CustomOperators);

    [Theory]
    [InlineData("--threads=1;two", "--threads=1;two")]
    [InlineData("--threads=two", "--threads=two")]
    [InlineData("--threads=1.5", "--threads=1.5")]
    [InlineData("--threads=-1", "--threads=-1")]
    [InlineData("--batch-size=0", "--batch-size=0")]
    [InlineData("--batch-size=99999999999", "--batch-size")]
    [InlineData("--calibration-samples=0", "--calibration-samples")]
    [InlineData("--min-speedup=NaN", "--min-speedup=NaN")]
    [InlineData("--max-accuracy-drop=-0.1", "--max-accuracy-drop")]
    [InlineData("--time-budget=1e300", "--time-budget")]
    [InlineData("--time-budget=1,5", "--time-budget")]
    [InlineData("--input-shapes=x", "--input-shapes=x")]
    [InlineData("--input-shapes=x=1,-2", "--input-shapes")]
    [InlineData("--variants=int7", "'int7'")]
    [InlineData("--target=riscv", "--target=riscv")]
    [InlineData("--method=kl", "--method=kl")]
    public void A_value_that_is_none_is_an_error_that_names_it(string line, string named)
    {
        Diagnostic diagnostic = Assert.Throws<DiagnosticException>(() => Request([.. Minimal, line])).Diagnostic;
        Assert.Equal("OCT5005", diagnostic.Code);
        Assert.Contains(named, diagnostic.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--output")]
    [InlineData("--project-directory")]
    [InlineData("--name")]
    [InlineData("--link")]
    public void What_a_plan_must_have_is_missed(string key)
    {
        Diagnostic diagnostic = Assert.Throws<DiagnosticException>(() => Request([.. Minimal.Where(line => !line.StartsWith(key, StringComparison.Ordinal))])).Diagnostic;
        Assert.Equal("OCT5005", diagnostic.Code);
        Assert.Contains($"{key} is missing", diagnostic.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_of_data_that_names_no_file_is_an_error() =>
        Assert.Equal("OCT3008", Assert.Throws<DiagnosticException>(() => Request([.. Minimal, "--data-missing=calibration/*.png"])).Diagnostic.Code);

    private static QuantizationRequest Request(string[] lines)
    {
        BuildPlan plan = BuildPlan.Parse(lines, "octet.rsp");
        return PlannedRequest.Create(plan, Assert.Single(plan.Models));
    }
}
