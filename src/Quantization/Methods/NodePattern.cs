using System.IO.Enumeration;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Methods;

/// <summary>What <c>Exclude</c> takes: a node's name or an operator, with * and ? as wildcards. Case-sensitive, as names in ONNX are.</summary>
public sealed record NodePattern(string Pattern)
{
    /// <summary>Whether the pattern names the node or its operator.</summary>
    public bool Matches(NodeProto node) =>
        FileSystemName.MatchesSimpleExpression(Pattern, node.Name, ignoreCase: false) || FileSystemName.MatchesSimpleExpression(Pattern, node.OpType, ignoreCase: false);
}
