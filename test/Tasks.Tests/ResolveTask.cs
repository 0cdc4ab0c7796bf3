using Microsoft.Build.Framework;

namespace Octet.Tasks.Tests;

/// <summary>Makes the task as the targets do.</summary>
internal static class ResolveTask
{
    public static ResolveQuantizeModels Create(ProjectFolder project, RecordingEngine engine, params ITaskItem[] items) => new()
    {
        BuildEngine = engine,
        Items = items,
        Options =
        [
            .. new[]
            {
                ("", "true"), ("OnBuild", "true"), ("OnPublish", "true"), ("Variants", ""), ("MaxAccuracyDrop", "0.01"), ("MinSpeedup", "1.05"), ("TimeBudget", "120"),
                ("Threads", "0"), ("BatchSize", "1"), ("Target", "auto"), ("CalibrationSamples", "300"), ("CalibrationMethod", "auto"), ("CustomOperators", "true"), ("Search", "true"), ("Report", "Summary"), ("TreatVerdictsAsErrors", "false"),
                ("UseCache", "true"), ("CachePath", ""), ("StartupBenchmark", "true"),
            }.Select(option => EscapedItem.Create("QuantizeModels" + option.Item1, ("Value", option.Item2))),
        ],
        ProjectFile = project.ProjectFile,
        RootNamespace = "My.App",
        MSBuildVersion = "17.8.0",
        OutputPath = "obj/octet/",
        ResultFile = "obj/octet/report.json",
        OutputsFile = "obj/octet/outputs.txt",
        LogFile = "obj/octet/octet.log",
        PlanFile = "obj\\octet\\octet.rsp",
        BuildRuntimeIdentifier = "linux-x64",
    };
}
