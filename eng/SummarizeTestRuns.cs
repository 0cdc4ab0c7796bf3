using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Xml.Linq;
using Microsoft.Build.Framework;

/// <summary>Adds up the counters of test runs. Directory.Solution.targets compiles it when it is needed.</summary>
public class SummarizeTestRuns : Microsoft.Build.Utilities.Task
{
    /// <summary>The test projects that ran.</summary>
    [Required]
    public ITaskItem[] Projects { get; set; }

    /// <summary>The folder with a folder a project, named after it, that holds its .trx files.</summary>
    [Required]
    public string ResultsPath { get; set; }

    /// <inheritdoc/>
    public override bool Execute()
    {
        int passed = 0, failed = 0, skipped = 0;
        foreach (string project in Projects.Select(item => item.GetMetadata("Filename")))
        {
            string folder = Path.Combine(ResultsPath, project);
            string[] runs = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.trx") : Array.Empty<string>();
            bool isWhole = runs.Length > 0;
            foreach (XElement summary in runs.Select(run => XElement.Load(run).Elements().Single(element => element.Name.LocalName == "ResultSummary")))
            {
                XElement counters = summary.Elements().Single(element => element.Name.LocalName == "Counters");
                int total = (int)counters.Attribute("total"), executed = (int)counters.Attribute("executed"), succeeded = (int)counters.Attribute("passed");
                passed += succeeded;
                failed += executed - succeeded;
                skipped += total - executed;
                isWhole &= executed > succeeded || (string)summary.Attribute("outcome") != "Failed";
            }
            if (!isWhole)
            {
                failed++;
                Log.LogError("{0} does not build, or its process ended early.", project);
            }
        }
        if (failed > 0)
            Log.LogError("Failed: {0}", failed);
        // To the console, as the test runs do themselves: in the log the line would be indented. MSBuild shows its errors from
        // another thread, and the summary comes last.
        if (Log.HasLoggedErrors)
            Thread.Sleep(500);
        Console.WriteLine(skipped > 0 ? $"{passed} passed, {failed} failed, {skipped} skipped" : $"{passed} passed, {failed} failed");
        return !Log.HasLoggedErrors;
    }
}
