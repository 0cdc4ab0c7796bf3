namespace Octet.Package.Tests;

/// <summary>When the tool runs, and when it does not. A fake tool stands in, so that a run costs nothing.</summary>
[Collection(PackageTests.Name)]
public class IncrementalBuildTests(PackageFeed feed)
{
    private const string Variant = "obj/Debug/net10.0/octet/variants/models/direction.int8.onnx";

    private static readonly string[] ShippedFiles = ["direction.int8.onnx", "direction.octet.json", "direction.onnx", "direction.probe.npz"];

    [Fact]
    public void The_first_build_runs_the_tool_and_the_second_does_not()
    {
        Consumer consumer = new(feed, "print [high] at work");
        BuildLog first = consumer.Build().MustSucceed();
        Assert.Equal(1, first.ToolRuns);
        Assert.Contains("at work", first.Output, StringComparison.Ordinal);
        Assert.Contains("| direction | int8 |", first.Output, StringComparison.Ordinal);
        Assert.Equal(ShippedFiles, consumer.Files("bin/Debug/net10.0/models"));

        BuildLog second = consumer.Build().MustSucceed();
        Assert.Equal(0, second.ToolRuns);
        Assert.DoesNotContain("| direction |", second.Output, StringComparison.Ordinal);
        // Also without a run, nothing of it counts as left over.
        Assert.Equal(ShippedFiles, consumer.Files("bin/Debug/net10.0/models"));
        Assert.True(File.Exists(consumer[Variant]));
    }

    [Fact]
    public void What_the_result_depends_on_makes_it_run_again()
    {
        Consumer consumer = new(feed, "model");
        Assert.Equal(1, consumer.Build().MustSucceed().ToolRuns);

        consumer.Write("../models/direction.onnx", "another model");
        Assert.Equal(1, consumer.Build("--no-restore").MustSucceed().ToolRuns);
        Assert.Contains("another model", File.ReadAllText(consumer["bin/Debug/net10.0/models/direction.int8.onnx"]), StringComparison.Ordinal);

        consumer.Properties["QuantizeModelsThreads"] = "2";
        Assert.Equal(1, consumer.Build("--no-restore").MustSucceed().ToolRuns);

        consumer.Write("calibration/upright/new.png", "image");
        Assert.Equal(1, consumer.Build("--no-restore").MustSucceed().ToolRuns);

        File.Delete(consumer["calibration/upright/new.png"]);
        Assert.Equal(1, consumer.Build("--no-restore").MustSucceed().ToolRuns);

        File.SetLastWriteTimeUtc(consumer["../tool/FakeTool.dll"], DateTime.UtcNow);
        Assert.Equal(1, consumer.Build("--no-restore").MustSucceed().ToolRuns);

        Assert.Equal(0, consumer.Build("--no-restore").MustSucceed().ToolRuns);
    }

    [Fact]
    public void Other_edits_of_the_project_and_its_code_do_not()
    {
        Consumer consumer = new(feed, "model");
        consumer.Build().MustSucceed();
        consumer.Edit("<Nullable>enable</Nullable>", "<Nullable>enable</Nullable><Company>Another</Company>");
        consumer.Write("More.cs", "internal class More;");
        Assert.Equal(0, consumer.Build("--no-restore").MustSucceed().ToolRuns);
    }

    [Fact]
    public void A_deleted_output_comes_back()
    {
        Consumer consumer = new(feed, "model");
        consumer.Build().MustSucceed();
        foreach (string file in new[] { "variants/models/direction.int8.onnx", "variants/models/direction.octet.json", "outputs.txt", "report.json" })
        {
            string path = consumer["obj/Debug/net10.0/octet/" + file];
            File.Delete(path);
            Assert.Equal(1, consumer.Build("--no-restore").MustSucceed().ToolRuns);
            Assert.True(File.Exists(path), path);
        }
        Assert.Equal(0, consumer.Build("--no-restore").MustSucceed().ToolRuns);
    }

    [Fact]
    public void A_variant_that_lost_leaves_the_output()
    {
        Consumer consumer = new(feed, "model");
        consumer.Build().MustSucceed();
        consumer.Write("../models/direction.onnx", "slower");
        consumer.Build("--no-restore").MustSucceed();
        Assert.Equal(["direction.octet.json", "direction.onnx", "direction.probe.npz"], consumer.Files("bin/Debug/net10.0/models"));
        Assert.False(File.Exists(consumer[Variant]));
    }

    [Fact]
    public void A_failed_run_is_repeated()
    {
        Consumer consumer = new(feed, "model");
        consumer.Build().MustSucceed();
        consumer.Write("../models/direction.onnx", "print octet : error OCT2001: Unreadable.\nexit 1");
        consumer.Build("--no-restore").MustFail("OCT2001");
        consumer.Build("--no-restore").MustFail("OCT2001");
    }

    [Fact]
    public void A_warning_that_is_an_error_stays_one()
    {
        Consumer consumer = new(feed, "print ../models/direction.onnx : warning OCT3002: A file is bad.");
        consumer.Properties["WarningsAsErrors"] = "OCT3002";
        consumer.Build().MustFail("OCT3002");
        consumer.Build("--no-restore").MustFail("OCT3002");

        consumer.Properties.Remove("WarningsAsErrors");
        Assert.Equal(["OCT3002"], consumer.Build("--no-restore").MustSucceed().Warnings);

        Consumer other = new(feed, "print ../models/direction.onnx : warning OCT3002: A file is bad.");
        other.Properties["NoWarn"] = "OCT3002";
        Assert.Empty(other.Build().MustSucceed().Warnings);
    }

    [Fact]
    public void A_build_killed_half_way_is_made_good_by_the_next()
    {
        Consumer consumer = new(feed, "model");
        consumer.Build().MustSucceed();

        string started = consumer["../started"];
        consumer.Write("../models/direction.onnx", $"once {started}\nsleep 100000");
        using (Command build = consumer.StartBuild())
        {
            build.WaitUntil(() => File.Exists(started));
            build.Kill();
            build.WaitForEnd();
        }

        Assert.Equal(1, consumer.Build("--no-restore").MustSucceed().ToolRuns);
        Assert.Contains("once", File.ReadAllText(consumer["bin/Debug/net10.0/models/direction.int8.onnx"]), StringComparison.Ordinal);
    }
}
