using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text;
using Octet.Quantization;
using Octet.Quantization.Diagnostics;
using Octet.Tool.Build;
using Octet.Tool.Cache;
using Octet.Tool.Checkpoints;
using Octet.Tool.Output;

namespace Octet.Tool.Verbs;

/// <summary><c>octet build @octet.rsp</c>: what the MSBuild targets run. One process makes all models of a project.</summary>
internal static class BuildVerb
{
    public static Command Create()
    {
        Argument<string> plan = new("plan") { Description = "The plan that the targets wrote, as @PATH." };
        Command command = new("build", "Does what a plan of the MSBuild targets asks for; repeat a build's call by hand with its octet.rsp.") { plan };
        command.SetAction((parsed, cancellation) => Task.FromResult(Run(parsed.GetValue(plan)!.TrimStart('@'), cancellation)));
        return command;
    }

    private static int Run(string planPath, CancellationToken cancellation)
    {
        string? log = null;
        // The targets read UTF-8, whatever the console's code page is.
        Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        return Guarded.Run(
            () =>
            {
                BuildPlan plan = BuildPlan.Read(planPath);
                log = plan.Options.Text("log") is { Length: > 0 } path ? path : null;
                OnnxRuntimeLibrary.Use(plan.Options.Text("onnxruntime-managed"), plan.Options.Text("onnxruntime-native"));
                return Run(plan, cancellation);
            },
            Console.Out,
            () => log);
    }

    // Kept apart so that no type of ONNX Runtime is loaded before the library is bound.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Run(BuildPlan plan, CancellationToken cancellation)
    {
        OnnxRuntimeLibrary.EnsureLoads();
        DiagnosticPrinter diagnostics = new(Console.WriteLine);
        OutcomeCache? cache = plan.Options.Switch("use-cache") ? new OutcomeCache(plan.Options.Text("cache"), diagnostics) : null;
        ModelBuilder builder = new(new TorchExporter(), cache, diagnostics, Console.WriteLine, cancellation);
        List<BuiltModel> models = [];
        string output = plan.Options.Required("output");
        foreach (PlanOptions model in plan.Models)
        {
            try
            {
                QuantizationRequest request = PlannedRequest.Create(plan, model);
                string link = model.Text("link");
                models.Add(PlannedCheckpoint.Is(model) ? builder.Build(PlannedCheckpoint.Create(plan, model, request), request, link) : builder.Build(request, link));
            }
            catch (DiagnosticException exception)
            {
                // The other models are still worth making: they are in the cache when the user has mended this one.
                diagnostics.Report(exception.Diagnostic);
            }
        }
        if (diagnostics.HasErrors)
            return ExitCode.Failed;

        BuildOutput.Write(output, models);
        return plan.Options.Switch("treat-verdicts-as-errors") && !AllFaster(models, diagnostics) ? ExitCode.Failed : ExitCode.Done;
    }

    /// <summary>The gate for CI: a model that stays float is an error, one for each variant that lost.</summary>
    private static bool AllFaster(IReadOnlyList<BuiltModel> models, DiagnosticPrinter diagnostics)
    {
        bool all = true;
        foreach (BuiltModel model in models.Where(model => model.Report.Selected == "float"))
        {
            all = false;
            Diagnostic[] verdicts = [.. model.Diagnostics.Where(said => said.Code.StartsWith("OCT4", StringComparison.Ordinal))];
            if (verdicts.Length == 0)
                verdicts = [DiagnosticCatalog.Create("OCT4004", model.Report.Source, model.Report.Name, model.Report.Reason.TrimEnd('.'))];
            foreach (Diagnostic verdict in verdicts)
                diagnostics.Report(verdict with { Severity = DiagnosticSeverity.Error });
        }
        return all;
    }
}
