namespace Octet.Package.Tests;

[Collection(PackageTests.Name)]
public class CleanTests(PackageFeed feed)
{
    // The build that skipped the tool must know the files of the one before.
    [Fact]
    public void Nothing_of_ours_is_left() => LeavesNothing(new Consumer(feed, "model"), consumer =>
    {
        consumer.Build().MustSucceed();
        Assert.Equal(0, consumer.Build("--no-restore").MustSucceed().ToolRuns);
    });

    [Fact]
    public void Nothing_is_left_after_a_failed_build() => LeavesNothing(new Consumer(feed, "exit 3"), consumer => consumer.Build().MustFail("OCT9001"));

    [Fact]
    public void An_output_folder_of_the_users_keeps_what_is_the_users()
    {
        Consumer consumer = new(feed, "model");
        consumer.Properties["QuantizeModelsOutputPath"] = "quantized";
        consumer.Write("quantized/notes.txt", "mine");
        consumer.Build().MustSucceed();
        Assert.Contains("variants/models/direction.int8.onnx", consumer.Files("quantized"));
        Assert.Equal(0, consumer.Build("--no-restore").MustSucceed().ToolRuns);

        consumer.DotNet("clean").MustSucceed();
        Assert.Equal(["notes.txt"], consumer.Files("quantized"));
    }

    private static void LeavesNothing(Consumer consumer, Action<Consumer> build)
    {
        build(consumer);
        Assert.True(Directory.Exists(consumer["obj/Debug/net10.0/octet"]));
        consumer.DotNet("clean").MustSucceed();
        Assert.False(Directory.Exists(consumer["obj/Debug/net10.0/octet"]));
        Assert.Empty(consumer.Files("bin"));
        Assert.True(File.Exists(consumer["../models/direction.onnx"]));
    }
}
