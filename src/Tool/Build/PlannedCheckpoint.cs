using System.Collections.Immutable;
using Octet.Quantization.Diagnostics;
using Octet.Tool.Checkpoints;

namespace Octet.Tool.Build;

/// <summary>Turns a planned checkpoint into what the exporter takes.</summary>
internal static class PlannedCheckpoint
{
    /// <returns>Null where the model is no checkpoint.</returns>
    /// <exception cref="DiagnosticException">OCT5005: a value of the plan is missing.</exception>
    public static CheckpointExport? Create(BuildPlan plan, PlanOptions model)
    {
        if (!model.Switch("checkpoint"))
            return null;
        ImmutableArray<string> references = References(plan.Options.Text("references"));
        string type = model.Text("module-type");
        return new CheckpointExport
        {
            Path = model.Required("model"),
            ModuleType = type,
            ModuleAssembly = type.Length == 0 ? "" : ModuleAssemblies.Find(type, model.Required("module-assembly"), references),
            ConstructorArguments = model.All("constructor-argument"),
            Inputs = model.List("input-shapes") is { Length: > 0 } inputs ? [.. inputs] : throw model.Unreadable("--input-shapes is missing for a checkpoint"),
            References = references,
            TorchSharp = plan.Options.Text("torchsharp"),
            NativeFolders = [.. new[] { plan.Options.Text("libtorch"), plan.Options.Text("torchsharp-native") }.Where(folder => folder.Length > 0)],
        };
    }

    // A line a file. Where every checkpoint holds its code itself, there is no list.
    private static ImmutableArray<string> References(string path) => File.Exists(path) ? [.. File.ReadLines(path).Where(line => line.Length > 0)] : [];
}
