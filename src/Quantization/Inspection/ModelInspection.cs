using System.Collections.Immutable;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Inspection;

/// <summary>What a model file holds and what static quantization would make of it, without running it.</summary>
/// <param name="Opset">Version of the standard operators.</param>
/// <param name="IrVersion">Version of the file format.</param>
/// <param name="Producer">The exporter's name and version.</param>
/// <param name="Operators">How many nodes of each operator, the most frequent first.</param>
/// <param name="OtherDomains">Domains besides the standard one.</param>
/// <param name="CustomOperators">How many nodes of each operator of <see cref="QuantizedOperators"/>, which a session needs registered.</param>
/// <param name="WeightCount">Elements of all constant floating-point tensors.</param>
/// <param name="WeightBytes">Their size in bytes.</param>
/// <param name="IntegerComputeNodes">Compute nodes that would become integer.</param>
/// <param name="ConnectingNodes">Nodes between them that would follow.</param>
/// <param name="FloatReasons">Compute nodes that would stay float, with the reason.</param>
/// <param name="PlanProblem">Why nothing can be quantized; null where something can.</param>
public sealed record ModelInspection(
    long Opset,
    long IrVersion,
    string Producer,
    ImmutableArray<KeyValuePair<string, int>> Operators,
    ImmutableArray<string> OtherDomains,
    ImmutableArray<KeyValuePair<string, int>> CustomOperators,
    long WeightCount,
    long WeightBytes,
    int IntegerComputeNodes,
    int ConnectingNodes,
    ImmutableSortedDictionary<string, string> FloatReasons,
    string? PlanProblem)
{
    /// <summary>Inspects a file.</summary>
    /// <exception cref="DiagnosticException">OCT2001, OCT2006: it cannot be read.</exception>
    public static ModelInspection Of(string path, IReadOnlyList<NodePattern> exclude)
    {
        ModelProto model = OnnxFile.Read(path);
        ModelProto normalized = ConstantsToInitializers.Apply(model);
        TensorProto[] weights = [.. normalized.Graph.WithSubgraphs().SelectMany(graph => graph.Initializer).Where(tensor => tensor.IsFloatingPoint())];
        NodeProto[] nodes = [.. model.Graph.WithSubgraphs().SelectMany(graph => graph.Node)];
        QuantizationPlan? plan = null;
        string? problem = null;
        try
        {
            plan = StaticQuantization.Plan(PreparationPipeline.Run(model, path), exclude);
            if (plan.ComputeNodes.IsEmpty)
                problem = "it has no compute node with an integer kernel";
        }
        catch (DiagnosticException exception)
        {
            problem = exception.Diagnostic.Text;
        }

        return new ModelInspection(
            model.StandardVersion(),
            model.IrVersion,
            $"{model.ProducerName} {model.ProducerVersion}".Trim(),
            Count(nodes),
            [.. model.OtherDomains()],
            Count(nodes.Where(node => node.Domain == QuantizedOperators.Domain)),
            weights.Sum(tensor => (long)tensor.ElementCount()),
            weights.Sum(tensor => tensor.ByteCount()),
            plan?.ComputeNodes.Count ?? 0,
            plan?.ConnectingNodes.Count ?? 0,
            plan?.FloatReasons ?? ImmutableSortedDictionary<string, string>.Empty,
            problem);
    }

    private static ImmutableArray<KeyValuePair<string, int>> Count(IEnumerable<NodeProto> nodes) =>
        [.. nodes.GroupBy(node => node.OpType).Select(group => KeyValuePair.Create(group.Key, group.Count())).OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal)];
}
