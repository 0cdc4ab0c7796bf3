using Octet.Quantization;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Onnx;
using Octet.Quantization.Tests.Pipeline;
using Octet.Runtime;
using Octet.Tool.Build;
using Octet.Tool.Cache;
using Octet.Tool.Checkpoints;
using Octet.Tool.Output;
using Octet.Torch.Export;

namespace Octet.Tool.Tests.Checkpoints;

/// <summary>What a build makes of a checkpoint, with an exporter that only seems to export.</summary>
public sealed class CheckpointBuildTests : IDisposable
{
    private readonly Workshop _workshop = new();
    private readonly List<string> _lines = [];
    private readonly SeemingExporter _exporter = new();

    public CheckpointBuildTests() => File.WriteAllText(Checkpoint, "weights");

    private string Checkpoint => _workshop.File("project/net.dat");

    public void Dispose() => _workshop.Dispose();

    [Fact]
    public void A_plan_becomes_an_export()
    {
        string references = _workshop.File("references.txt");
        string engine = typeof(QuantizationRequest).Assembly.Location;
        File.WriteAllLines(references, ["/a.dll", engine]);
        ExportRequest export = Planned(
            [$"--references={references}", "--torchsharp=/t/TorchSharp.dll", "--torchsharp-native=/t/native", "--libtorch=/l/native", "--onnxruntime-managed=/o/o.dll", "--onnxruntime-native=/o/o.so"],
            ["--module-type=Octet.Quantization.QuantizationRequest, Octet.Quantization", "--module-assembly=/app.dll", "--constructor-argument=10", "--constructor-argument=a b", "--input-shapes=b=1,2;a=1,3:int64"]);
        Assert.Equal((Checkpoint, "Octet.Quantization.QuantizationRequest", engine, _workshop.File("out/variants/nets/net.onnx")), (export.Checkpoint, export.ModuleType, export.Assembly, export.Output));
        Assert.Equal(["10", "a b"], export.ConstructorArguments.AsEnumerable());
        // In the order of the module's parameters.
        Assert.Equal([("b", "1,2", null), ("a", "1,3", "Int64")], export.Inputs.Select(input => (input.Name, string.Join(',', input.Dimensions), input.ElementType)));
        Assert.Equal(["/a.dll", engine], export.References.AsEnumerable());
        Assert.Equal(["/t", "/t/native", "/l/native"], export.TorchFolders.AsEnumerable());
        Assert.Equal(("/o/o.dll", "/o/o.so"), (export.OnnxRuntimeManaged, export.OnnxRuntimeNative));
    }

    [Fact]
    public void An_archive_has_no_module()
    {
        ExportRequest export = Planned([], ["--module-type=", "--module-assembly=", "--input-shapes=x=1,2"]);
        Assert.Equal(("", ""), (export.ModuleType, export.Assembly));
        Assert.Empty(export.References);
    }

    [Theory]
    [InlineData("--module-type=", "--input-shapes= is not of the form")]
    [InlineData("--module-type=|--input-shapes=x=1,2;y", "--input-shapes=x=1,2;y is not of the form")]
    [InlineData("--module-type=Net|--input-shapes=x=1,2", "--module-assembly is missing")]
    public void What_a_checkpoint_must_have_is_missed(string lines, string named)
    {
        Diagnostic diagnostic = Assert.Throws<DiagnosticException>(() => Planned([], lines.Split('|'))).Diagnostic;
        Assert.Equal("OCT5005", diagnostic.Code);
        Assert.Contains(named, diagnostic.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_without_the_switch_is_none()
    {
        BuildPlan plan = BuildPlan.Parse([$"--model={Checkpoint}"], "octet.rsp");
        Assert.False(PlannedCheckpoint.Is(plan.Models[0]));
    }

    [Fact]
    public void The_exported_model_is_quantized_and_ships_and_the_report_speaks_of_the_checkpoint()
    {
        BuiltModel model = Build("out");
        string exported = _workshop.File("out/net.onnx");
        Assert.Equal(exported, model.Files[0]);
        Assert.Equal(["net.float-optimized.onnx", "net.int8.onnx", "net.octet.json", "net.onnx", "net.probe.npz"], _workshop.Files("out"));
        Assert.Equal(_workshop.Files("out"), model.Files.Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(("net.dat", FileHash.Of(Checkpoint)), (model.Report.Source, model.Report.Sha256));
        Assert.Equal("net.onnx", model.Report.Variants.Single(row => row.Name == "float").Path);

        // The application checks the float file that it has: the exported one.
        using FileStream stream = File.OpenRead(_workshop.File("out/net.octet.json"));
        ModelManifest manifest = ModelManifest.Read(stream);
        Assert.Equal(("net.onnx", FileHash.Of(exported)), (manifest.Float, manifest.FloatSha256));
        Assert.Contains("[high] Octet: net: exporting net.dat", _lines);
    }

    [Fact]
    public void The_second_build_restores_the_export_and_what_was_said_of_it()
    {
        _exporter.Says = DiagnosticCatalog.Create("OCT2002", Checkpoint, "Something");
        BuiltModel first = Build("first");
        BuiltModel second = Build("second");
        Assert.Equal(1, _exporter.Runs);
        Assert.Equal(2, _lines.Count(line => line.Contains(" OCT2002: ", StringComparison.Ordinal) && line.StartsWith(Checkpoint, StringComparison.Ordinal)));
        Assert.Equal(first.Report.Sha256, second.Report.Sha256);
        Assert.Equal(_workshop.Files("first"), _workshop.Files("second"));
        Assert.Equal(_workshop.Bytes("first/net.onnx"), _workshop.Bytes("second/net.onnx"));
        Assert.Contains("[high] Octet: net: restored from the cache, nothing to do", _lines);
    }

    [Fact]
    public void Another_checkpoint_is_exported_again_and_an_equal_model_is_not_quantized_again()
    {
        Build("first");
        File.WriteAllText(Checkpoint, "other weights");
        BuiltModel second = Build("second");
        Assert.Equal(2, _exporter.Runs);
        Assert.Contains("[high] Octet: net: restored from the cache, nothing to do", _lines);
        Assert.Equal(FileHash.Of(Checkpoint), second.Report.Sha256);
    }

    [Fact]
    public void Without_the_cache_every_build_exports()
    {
        Build("out", useCache: false);
        Build("out", useCache: false);
        Assert.Equal(2, _exporter.Runs);
        Assert.Empty(_workshop.Files("cache"));
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_exported_leaves_nothing()
    {
        _exporter.Fails = DiagnosticCatalog.Create("OCT2001", Checkpoint, "it is torn");
        Assert.Equal("OCT2001", Assert.Throws<DiagnosticException>(() => Build("out")).Diagnostic.Code);
        Assert.Empty(_workshop.Files("out"));
        Assert.Empty(_workshop.Entries);
    }

    private ExportRequest Planned(string[] global, string[] model)
    {
        BuildPlan plan = BuildPlan.Parse(
            [$"--output={_workshop.File("out")}", $"--project-directory={_workshop.File("project")}", .. global, $"--model={Checkpoint}", "--name=net", "--link=nets/net.onnx", "--checkpoint=true", .. model], "octet.rsp");
        QuantizationRequest request = PlannedRequest.Create(plan, plan.Models[0]);
        // It says the batch of the module, not the one to measure with.
        Assert.Empty(request.InputShapes);
        return PlannedCheckpoint.Create(plan, plan.Models[0], request);
    }

    private BuiltModel Build(string output, bool useCache = true)
    {
        DiagnosticPrinter diagnostics = new(_lines.Add);
        OutcomeCache? cache = useCache ? new OutcomeCache(_workshop.Cache, diagnostics) : null;
        ExportRequest export = Planned([], ["--module-type=", "--input-shapes=x=1,3,8,8"]) with { Output = _workshop.File($"{output}/net.onnx") };
        QuantizationRequest request = new()
        {
            ModelPath = Checkpoint,
            Name = "net",
            Source = "net.dat",
            OutputDirectory = _workshop.File(output),
            FloatFileName = "net.onnx",
            Data = [_workshop.Data],
            Target = "x64-vnni",
            MinSpeedup = 0.000001,
            MaxAccuracyDrop = 1,
            TimeBudget = TimeSpan.FromSeconds(1),
            Threads = 1,
            Search = false,
        };
        return new ModelBuilder(_exporter, cache, diagnostics, _lines.Add, CancellationToken.None).Build(export, request, "net.onnx");
    }

    private sealed class SeemingExporter : ICheckpointExporter
    {
        public int Runs { get; private set; }

        public Diagnostic? Says { get; set; }

        public Diagnostic? Fails { get; set; }

        public void Export(ExportRequest request, IDiagnosticSink diagnostics, CancellationToken cancellation)
        {
            Runs++;
            if (Fails is not null)
                throw new DiagnosticException(Fails);
            if (Says is not null)
                diagnostics.Report(Says);
            Directory.CreateDirectory(Path.GetDirectoryName(request.Output)!);
            OnnxFile.Write(SmallModels.Classifier(), request.Output);
        }
    }
}
