using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Onnx;

/// <summary>Operator set versions of a model.</summary>
public static class Opset
{
    /// <summary>The version of the standard operators that the model imports; 1 where it imports none.</summary>
    public static long StandardVersion(this ModelProto model) => Standard(model)?.Version ?? 1;

    /// <summary>Sets the version of the standard operators, and the IR version that the specification pairs with it at least.</summary>
    public static void SetStandardVersion(this ModelProto model, long version)
    {
        if (Standard(model) is { } import)
            import.Version = version;
        else
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = Nodes.StandardDomain, Version = version });
        model.IrVersion = Math.Max(model.IrVersion, MinimumIrVersion(version));
    }

    /// <summary>Lets the model use the operators of a domain, if it does not already.</summary>
    public static void Import(this ModelProto model, string domain, long version)
    {
        if (!model.OpsetImport.Any(import => import.Domain == domain))
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = domain, Version = version });
    }

    /// <summary>Domains other than the standard one that the model's nodes use.</summary>
    public static IReadOnlyList<string> OtherDomains(this ModelProto model) =>
        [.. model.Graph.WithSubgraphs().SelectMany(graph => graph.Node).Where(node => !node.IsStandard()).Select(node => node.Domain).Distinct().Order(StringComparer.Ordinal)];

    private static OperatorSetIdProto? Standard(ModelProto model) => model.OpsetImport.FirstOrDefault(import => import.Domain is "" or "ai.onnx");

    // https://github.com/onnx/onnx/blob/main/docs/Versioning.md, table "Released Versions".
    private static long MinimumIrVersion(long opset) => opset switch
    {
        >= 21 => 10,
        >= 19 => 9,
        >= 15 => 8,
        >= 12 => 7,
        >= 11 => 6,
        >= 10 => 5,
        _ => 4,
    };
}
