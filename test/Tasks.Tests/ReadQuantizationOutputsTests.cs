using Microsoft.Build.Framework;

namespace Octet.Tasks.Tests;

public sealed class ReadQuantizationOutputsTests : IDisposable
{
    private readonly ProjectFolder _project = new();

    public void Dispose() => _project.Dispose();

    [Fact]
    public void Every_file_is_cleaned_but_only_those_with_a_place_ship()
    {
        string model = _project.Write("models/a.onnx");
        string variant = _project["obj/octet/variants/models/a.int8.onnx"];
        string report = _project["obj/octet/report.json"];
        _project.Write("obj/octet/outputs.txt", $"{model}|models/a.onnx\n{variant}|models/a.int8.onnx\n{report}|\nnot a line of ours\n");

        ReadQuantizationOutputs task = Run(shipVariants: true);
        Assert.Equal([variant, report], task.WrittenFiles.Select(item => item.ItemSpec));
        Assert.Equal(
            [(model, "models/a.onnx"), (variant, "models/a.int8.onnx")],
            task.ShippedFiles.Select(item => (item.ItemSpec, item.GetMetadata("TargetPath"))));

        task = Run(shipVariants: false);
        Assert.Equal([variant, report], task.WrittenFiles.Select(item => item.ItemSpec));
        Assert.Equal([model], task.ShippedFiles.Select(item => item.ItemSpec));
    }

    [Fact]
    public void Before_the_first_run_the_float_file_alone_ships()
    {
        ReadQuantizationOutputs task = Run(shipVariants: true);
        Assert.Empty(task.WrittenFiles);
        Assert.Equal([_project["models/a.onnx"]], task.ShippedFiles.Select(item => item.ItemSpec));
    }

    private ReadQuantizationOutputs Run(bool shipVariants)
    {
        ITaskItem floatFile = EscapedItem.Create(_project["models/a.onnx"], ("TargetPath", "models/a.onnx"));
        ReadQuantizationOutputs task = new()
        {
            BuildEngine = new RecordingEngine(),
            ProjectFile = _project.ProjectFile,
            OutputPath = "obj/octet",
            OutputsFile = "obj/octet/outputs.txt",
            FloatFiles = [floatFile],
            ShipVariants = shipVariants,
        };
        Assert.True(task.Execute());
        return task;
    }
}
