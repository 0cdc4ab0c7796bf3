using Octet.Quantization;
using Octet.Quantization.Reporting;
using Octet.Runtime;

namespace Octet.Tool.Output;

/// <summary>Shows figures: the table on the console, or json where it is asked for.</summary>
internal static class ReportPrinter
{
    /// <summary>Prints one model's report.</summary>
    /// <param name="model">The figures.</param>
    /// <param name="json">Null for the table alone, "-" for json on the console instead, else a file that takes the json too.</param>
    public static void Print(ModelReport model, string? json)
    {
        QuantizationReport report = new(1, MachineDescription.Current, [model]);
        if (json == "-")
        {
            using Stream console = Console.OpenStandardOutput();
            ReportJson.Write(console, report);
            return;
        }
        foreach (string line in SummaryTable.Render(report))
            Console.WriteLine(line);
        if (json is not null)
            AtomicFile.Write(Path.GetFullPath(json), stream => ReportJson.Write(stream, report));
    }
}
