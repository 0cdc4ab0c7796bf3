using System;
using System.IO;
using System.Linq;
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
            if (runs.Length == 0)
                Log.LogError("{0} reported no result: it does not build, or its process ended early.", project);
            foreach (XElement counters in runs.Select(run => XElement.Load(run).Descendants().Single(element => element.Name.LocalName == "Counters")))
            {
                int executed = (int)counters.Attribute("executed");
                passed += (int)counters.Attribute("passed");
                failed += executed - (int)counters.Attribute("passed");
                skipped += (int)counters.Attribute("total") - executed;
            }
        }
        if (failed > 0)
            Log.LogError("{0} tests failed.", failed);
        // As the test runs themselves do: a message in the log would be indented, and hidden by quiet verbosities.
        Console.WriteLine(skipped > 0 ? $"{passed} passed, {failed} failed, {skipped} skipped" : $"{passed} passed, {failed} failed");
        return !Log.HasLoggedErrors;
    }
}
