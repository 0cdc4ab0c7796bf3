namespace Octet.Package.Tests;

/// <summary>What an editor does to know the project: it must not quantize, but it must know the shim.</summary>
[Collection(PackageTests.Name)]
public class DesignTimeBuildTests(PackageFeed feed)
{
    private static readonly string[] DesignTime = ["-p:DesignTimeBuild=true", "-p:BuildingProject=false"];

    [Fact]
    public void A_fresh_clone_has_the_shim_without_a_process()
    {
        Consumer consumer = new(feed, "model");
        consumer.DotNet("restore").MustSucceed();
        BuildLog build = consumer.DotNet(["msbuild", "-t:Compile", "-p:SkipCompilerExecution=true", "-p:ProvideCommandLineArgs=true", .. DesignTime]).MustSucceed();
        Assert.Equal(0, build.ToolRuns);
        // Neither a plan nor a result: a plan of the editor's may differ, and the next build would start over.
        Assert.Equal(["QuantizedModels.g.cs"], consumer.Files("obj/Debug/net10.0/octet"));
        Assert.Contains("Direction", File.ReadAllText(consumer["obj/Debug/net10.0/octet/QuantizedModels.g.cs"]), StringComparison.Ordinal);
    }

    [Fact]
    public void The_code_that_uses_the_shim_compiles_before_the_first_build()
    {
        Consumer consumer = new(feed, "model");
        consumer.DotNet("restore").MustSucceed();
        Assert.Equal(0, consumer.DotNet(["msbuild", "-t:Compile", .. DesignTime]).MustSucceed().ToolRuns);
        Assert.True(File.Exists(consumer["obj/Debug/net10.0/SingleModel.dll"]));
    }

    [Fact]
    public void After_a_build_it_changes_nothing()
    {
        Consumer consumer = new(feed, "model");
        consumer.Build().MustSucceed();
        string shim = File.ReadAllText(consumer["obj/Debug/net10.0/octet/QuantizedModels.g.cs"]);
        consumer.DotNet(["msbuild", "-t:Compile", "-p:SkipCompilerExecution=true", "-p:ProvideCommandLineArgs=true", .. DesignTime]).MustSucceed();
        Assert.Equal(shim, File.ReadAllText(consumer["obj/Debug/net10.0/octet/QuantizedModels.g.cs"]));
        Assert.Equal(0, consumer.Build("--no-restore").MustSucceed().ToolRuns);
    }
}
