using System.Collections.Immutable;
using Octet.Quantization;
using Octet.Quantization.Diagnostics;
using Octet.Tool.Checkpoints;
using Octet.Torch.Export;

namespace Octet.Tool.Build;

/// <summary>Turns a planned checkpoint into what the exporter takes.</summary>
internal static class PlannedCheckpoint
{
    /// <summary>Whether a planned model is one.</summary>
    public static bool Is(PlanOptions model) => model.Switch("checkpoint");

    /// <param name="plan">The plan.</param>
    /// <param name="model">A checkpoint of it.</param>
    /// <param name="request">What is asked for of it: the exported model goes where its variants go.</param>
    /// <exception cref="DiagnosticException">OCT5005: a value of the plan is missing or malformed.</exception>
    public static ExportRequest Create(BuildPlan plan, PlanOptions model, QuantizationRequest request)
    {
        ImmutableArray<string> references = References(plan.Options.Text("references"));
        string type = model.Text("module-type");
        return new ExportRequest
        {
            Checkpoint = request.ModelPath,
            // The name of its assembly has done its part once that is found.
            ModuleType = type.Split(',')[0].Trim(),
            Assembly = type.Length == 0 ? "" : ModuleAssemblies.Find(type, model.Required("module-assembly"), references),
            References = references,
            ConstructorArguments = model.All("constructor-argument"),
            Inputs = Inputs(model),
            Output = Path.Combine(request.OutputDirectory, request.FloatFileName),
            TorchFolders = [.. new[] { Path.GetDirectoryName(plan.Options.Text("torchsharp")), plan.Options.Text("torchsharp-native"), plan.Options.Text("libtorch") }.Where(folder => !string.IsNullOrEmpty(folder))!],
            OnnxRuntimeManaged = plan.Options.Text("onnxruntime-managed"),
            OnnxRuntimeNative = plan.Options.Text("onnxruntime-native"),
        };
    }

    private static ImmutableArray<ExportInput> Inputs(PlanOptions model)
    {
        string[] texts = model.List("input-shapes");
        ImmutableArray<ExportInput> inputs = [.. texts.Select(ExportInputs.Parse).OfType<ExportInput>()];
        return inputs.IsEmpty || inputs.Length < texts.Length
            ? throw model.Unreadable($"--input-shapes={model.Text("input-shapes")} is not of the form input=1,3,224,224, which a checkpoint needs for each of its inputs")
            : inputs;
    }

    // A line a file. Where every checkpoint holds its code itself, there is no list.
    private static ImmutableArray<string> References(string path) => File.Exists(path) ? [.. File.ReadLines(path).Where(line => line.Length > 0)] : [];
}
