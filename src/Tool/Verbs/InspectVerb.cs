using System.CommandLine;
using System.Text.Json;
using Octet.Quantization.Inspection;
using Octet.Quantization.Methods;
using Octet.Tool.Output;

namespace Octet.Tool.Verbs;

/// <summary><c>octet inspect MODEL</c>: what is in a file, what would become integer, and why the rest would not.</summary>
internal static class InspectVerb
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static Command Create()
    {
        Argument<string> model = new("model") { Description = "An .onnx file." };
        Option<string[]> exclude = new("--exclude") { Description = "A node's name or an operator that would stay float.", DefaultValueFactory = _ => [] };
        Option<bool> json = new("--json") { Description = "Prints json." };
        Command command = new("inspect", "Shows operators, opset and weights of a model, and what would be quantized.") { model, exclude, json };
        command.SetAction(parsed => Guarded.Run(() =>
        {
            ModelInspection inspection = ModelInspection.Of(Path.GetFullPath(parsed.GetValue(model)!), [.. parsed.GetValue(exclude)!.Select(pattern => new NodePattern(pattern))]);
            if (parsed.GetValue(json))
                Console.WriteLine(JsonSerializer.Serialize(inspection, Indented));
            else
                Print(inspection);
            return ExitCode.Done;
        }));
        return command;
    }

    private static void Print(ModelInspection inspection)
    {
        Console.WriteLine($"opset {inspection.Opset}, IR {inspection.IrVersion}, producer {inspection.Producer}");
        Console.WriteLine($"weights   {inspection.WeightCount} values, {inspection.WeightBytes / 1024.0 / 1024.0:0.00} MB");
        Console.WriteLine($"operators {string.Join(", ", inspection.Operators.Select(op => $"{op.Value} {op.Key}"))}");
        if (inspection.CustomOperators.Length > 0)
            Console.WriteLine($"custom    {string.Join(", ", inspection.CustomOperators.Select(op => $"{op.Value} {op.Key}"))}: operators of Octet.Runtime, which QuantizedOperators.Register gives to a session");
        if (inspection.OtherDomains.Where(domain => domain != QuantizedOperators.Domain).ToArray() is { Length: > 0 } others)
            Console.WriteLine($"domains   {string.Join(", ", others)} (left alone)");
        Console.WriteLine(inspection.PlanProblem is { } problem
            ? $"nothing would be quantized: {problem}"
            : $"integer   {inspection.IntegerComputeNodes} of {inspection.IntegerComputeNodes + inspection.FloatReasons.Count} compute nodes, and {inspection.ConnectingNodes} between them");
        foreach ((string node, string reason) in inspection.FloatReasons)
            Console.WriteLine($"float     {node}: {reason}");
    }
}
