using System.Runtime.InteropServices;

namespace Octet.Package.Tests;

[Collection(PackageTests.Name)]
public class PublishTests(PackageFeed feed)
{
    private static readonly string[] AllFiles = ["direction.int8.onnx", "direction.octet.json", "direction.onnx", "direction.probe.npz"];

    [Fact]
    public void A_publish_has_what_the_build_has()
    {
        Consumer consumer = new(feed, "model");
        Assert.Equal(1, consumer.DotNet("publish", "-c", "Debug").MustSucceed().ToolRuns);
        Assert.Equal(AllFiles, consumer.Files("bin/Debug/net10.0/publish/models"));
        Assert.Equal(AllFiles, consumer.Files("bin/Debug/net10.0/models"));
    }

    [Theory]
    [InlineData("publish", "-c", "Debug")]
    [InlineData("msbuild", "-restore", "-t:Publish")]
    public void A_publish_may_quantize_where_the_build_does_not(params string[] publish)
    {
        Consumer consumer = new(feed, "model");
        consumer.Properties["QuantizeModelsOnBuild"] = "false";
        Assert.Equal(0, consumer.Build().MustSucceed().ToolRuns);
        Assert.Equal(["direction.onnx"], consumer.Files("bin/Debug/net10.0/models"));

        Assert.Equal(1, consumer.DotNet(publish).MustSucceed().ToolRuns);
        Assert.Equal(AllFiles, consumer.Files("bin/Debug/net10.0/publish/models"));

        // What the publish made is kept for the next one, though a build does not take it.
        Assert.Equal(0, consumer.Build("--no-restore").MustSucceed().ToolRuns);
        Assert.Equal(0, consumer.DotNet(publish).MustSucceed().ToolRuns);
        Assert.Equal(AllFiles, consumer.Files("bin/Debug/net10.0/publish/models"));
    }

    [Fact]
    public void A_single_file_has_the_models_beside_it()
    {
        Consumer consumer = new(feed, "model");
        string platform = RuntimeInformation.RuntimeIdentifier;
        Assert.Equal(1, consumer.DotNet("publish", "-c", "Debug", "-r", platform, "--no-self-contained", "-p:PublishSingleFile=true").MustSucceed().ToolRuns);
        Assert.Equal(AllFiles, consumer.Files($"bin/Debug/net10.0/{platform}/publish/models"));
        Assert.DoesNotContain("SingleModel.dll", consumer.Files($"bin/Debug/net10.0/{platform}/publish"));
    }

    [Fact]
    public void A_project_that_copies_the_model_itself_gets_it_once()
    {
        Consumer consumer = new(feed, "model");
        consumer.Edit("<QuantizeModel Include", "<Content Include=\"../models/direction.onnx\" Link=\"models/direction.onnx\" CopyToOutputDirectory=\"PreserveNewest\" /><QuantizeModel Include");
        consumer.DotNet("publish", "-c", "Debug").MustSucceed();
        Assert.Equal(AllFiles, consumer.Files("bin/Debug/net10.0/publish/models"));
    }

    [Fact]
    public void An_application_gets_the_models_of_a_library_that_it_references()
    {
        Consumer library = new(feed, "model");
        library.Edit("<OutputType>Exe</OutputType>", "");
        library.Write("Program.cs", "namespace SingleModel; public static class Models { public static string Direction => QuantizedModels.Direction.Name; }");
        library.Write("../App/Program.cs", "System.Console.WriteLine(SingleModel.Models.Direction);");
        library.Write("../App/App.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
              </PropertyGroup>
              <ItemGroup>
                <ProjectReference Include="../SingleModel/SingleModel.csproj" />
              </ItemGroup>
            </Project>
            """);

        BuildLog build = library.DotNet("publish", library["../App/App.csproj"], "-c", "Debug").MustSucceed();
        Assert.Equal(1, build.ToolRuns);
        Assert.Equal(AllFiles, library.Files("../App/bin/Debug/net10.0/models"));
        Assert.Equal(AllFiles, library.Files("../App/bin/Debug/net10.0/publish/models"));
        Assert.False(Directory.Exists(library["../App/obj/Debug/net10.0/octet"]));
        Assert.Equal("direction", Command.Run(Checkout.DotNet, ["exec", library["../App/bin/Debug/net10.0/App.dll"]], library.Project).Output.Trim());
    }
}
