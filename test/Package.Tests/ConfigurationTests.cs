namespace Octet.Package.Tests;

/// <summary>What a project can ask for, and what it is told where it asks for something wrong.</summary>
[Collection(PackageTests.Name)]
public class ConfigurationTests(PackageFeed feed)
{
    [Fact]
    public void Switched_off_it_does_nothing()
    {
        Consumer consumer = new(feed, "model");
        consumer.Properties["QuantizeModels"] = "false";
        consumer.Write("Program.cs", "");
        consumer.Build("-p:OutputType=Library").MustSucceed();
        Assert.False(Directory.Exists(consumer["obj/Debug/net10.0/octet"]));
        Assert.False(Directory.Exists(consumer["bin/Debug/net10.0/models"]));
    }

    [Fact]
    public void Without_an_item_the_projects_onnx_files_are_taken()
    {
        Consumer consumer = new(feed, "model");
        consumer.Edit("<QuantizeModel Include", "<UnusedItem Include");
        consumer.Write("nets/direction.onnx", "model");
        consumer.Build().MustSucceed();
        Assert.Equal(["direction.int8.onnx", "direction.octet.json", "direction.onnx", "direction.probe.npz"], consumer.Files("bin/Debug/net10.0/nets"));
    }

    [Fact]
    public void Without_any_model_there_is_a_warning()
    {
        Consumer consumer = new(feed, "model");
        consumer.Edit("<QuantizeModel Include", "<UnusedItem Include");
        consumer.Write("Program.cs", "return;");
        BuildLog build = consumer.Build().MustSucceed();
        Assert.Equal(["OCT1001"], build.Warnings);
        Assert.Equal(0, build.ToolRuns);
    }

    [Fact]
    public void A_missing_model_is_an_error()
    {
        Consumer consumer = new(feed, "model");
        File.Delete(consumer["../models/direction.onnx"]);
        BuildLog build = consumer.Build();
        build.MustFail("OCT1002");
        Assert.Contains($"{consumer["SingleModel.csproj"]} : error OCT1002: The model '../models/direction.onnx' does not exist", build.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_value_is_an_error()
    {
        Consumer consumer = new(feed, "model");
        consumer.DotNet("restore").MustSucceed();
        foreach ((string property, string value) in new[] { ("QuantizeModels", "yes"), ("QuantizeModelsReport", "Everything"), ("QuantizeModelsMaxAccuracyDrop", "1%") })
        {
            BuildLog build = consumer.Build("--no-restore", $"-p:{property}={value}");
            build.MustFail("OCT1003");
            Assert.Contains($"OCT1003: {property} is '{value}', but must be ", build.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Without_a_native_library_of_ONNX_Runtime_there_is_an_error()
    {
        Consumer consumer = new(feed, "model");
        consumer.Edit("<QuantizeModel Include", "<PackageReference Include=\"Microsoft.ML.OnnxRuntime\" Version=\"*\" ExcludeAssets=\"all\" /><QuantizeModel Include");
        consumer.Build().MustFail("OCT1004");
        // The machine that cannot quantize can still build.
        consumer.Properties["QuantizeModelsOnBuild"] = "false";
        Assert.Equal(0, consumer.Build("--no-restore").MustSucceed().ToolRuns);
    }

    [Fact]
    public void Two_models_of_one_name_are_an_error()
    {
        Consumer consumer = new(feed, "model");
        consumer.Write("other/direction.onnx", "model");
        consumer.Edit("<QuantizeModel Include", "<QuantizeModel Include=\"other/direction.onnx\" /><QuantizeModel Include");
        consumer.Build().MustFail("OCT1005");
    }

    [Fact]
    public void A_build_for_another_platform_measures_on_this_one()
    {
        Consumer consumer = new(feed, "model");
        string other = OperatingSystem.IsWindows() ? "linux-x64" : "win-x64";
        consumer.Build("-r", other, "--no-self-contained", "-p:UseAppHost=false").MustSucceed();
        string native = File.ReadLines(consumer[$"obj/Debug/net10.0/{other}/octet/octet.rsp"]).Single(line => line.StartsWith("--onnxruntime-native=", StringComparison.Ordinal));
        Assert.EndsWith(OperatingSystem.IsWindows() ? "onnxruntime.dll" : OperatingSystem.IsMacOS() ? "libonnxruntime.dylib" : "libonnxruntime.so", native, StringComparison.Ordinal);
        Assert.True(File.Exists(native[(native.IndexOf('=', StringComparison.Ordinal) + 1)..]), native);
    }

    [Fact]
    public void Every_target_framework_gets_its_files_and_old_language_versions_compile()
    {
        Consumer consumer = new(feed, "model");
        consumer.Edit("<TargetFramework>net10.0</TargetFramework>", "<TargetFrameworks>netstandard2.0;net10.0</TargetFrameworks>");
        foreach (string setting in new[] { "<OutputType>Exe</OutputType>", "<ImplicitUsings>enable</ImplicitUsings>", "<Nullable>enable</Nullable>" })
            consumer.Edit(setting, "");
        consumer.Write("Program.cs", "namespace SingleModel { internal static class Use { public static string Name { get { return QuantizedModels.Direction.Name; } } } }");
        Assert.Equal(2, consumer.Build().MustSucceed().ToolRuns);
        Assert.Contains("direction.octet.json", consumer.Files("bin/Debug/netstandard2.0/models"));
        Assert.Contains("direction.octet.json", consumer.Files("bin/Debug/net10.0/models"));
        Assert.Equal(0, consumer.Build("--no-restore").MustSucceed().ToolRuns);
        // By name, in the outer build.
        File.Delete(consumer["obj/Debug/net10.0/octet/report.json"]);
        Assert.Equal(1, consumer.Build("--no-restore", "-t:GenerateQuantizedVariants").MustSucceed().ToolRuns);
    }

    [Fact]
    public void The_measurement_at_start_can_be_switched_off()
    {
        Consumer consumer = new(feed, "model");
        consumer.Build().MustSucceed();
        Assert.DoesNotContain("Octet.", Configuration(), StringComparison.Ordinal);
        consumer.Build("--no-restore", "-p:QuantizeModelsStartupBenchmark=false").MustSucceed();
        Assert.Contains("\"Octet.StartupBenchmark\": false", Configuration(), StringComparison.Ordinal);

        string Configuration() => File.ReadAllText(consumer["bin/Debug/net10.0/SingleModel.runtimeconfig.json"]);
    }

    [Fact]
    public void A_reference_that_does_not_flow_on_works_as_well()
    {
        Consumer consumer = new(feed, "model");
        consumer.Edit("Version=\"$(OctetVersion)\"", "Version=\"$(OctetVersion)\" PrivateAssets=\"all\"");
        consumer.Write("Program.cs", "System.Console.WriteLine(SingleModel.QuantizedModels.Direction.Name);");
        consumer.Build().MustSucceed();
        Assert.Equal("direction", consumer.RunApplication().Output.Trim());
    }

    [Fact]
    public void A_target_of_the_user_can_run_before()
    {
        Consumer consumer = new(feed, "model");
        File.Delete(consumer["../models/direction.onnx"]);
        consumer.Edit("</Project>", """
              <PropertyGroup>
                <ResolveQuantizeModelsDependsOn>DownloadModels</ResolveQuantizeModelsDependsOn>
              </PropertyGroup>
              <Target Name="DownloadModels">
                <WriteLinesToFile File="../models/direction.onnx" Lines="downloaded" />
              </Target>
            </Project>
            """);
        consumer.Build().MustSucceed();
        Assert.Contains("downloaded", File.ReadAllText(consumer["bin/Debug/net10.0/models/direction.int8.onnx"]), StringComparison.Ordinal);
    }
}
