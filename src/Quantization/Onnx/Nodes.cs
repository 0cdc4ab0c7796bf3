using Google.Protobuf;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Onnx;

/// <summary>Nodes and their attributes.</summary>
public static class Nodes
{
    /// <summary>The domain of the standard operators, as the specification spells it.</summary>
    public const string StandardDomain = "";

    /// <summary>Creates a node of a standard operator.</summary>
    public static NodeProto Create(string opType, string name, IEnumerable<string> inputs, IEnumerable<string> outputs, params AttributeProto[] attributes)
    {
        NodeProto node = new() { OpType = opType, Name = name };
        node.Input.AddRange(inputs);
        node.Output.AddRange(outputs);
        node.Attribute.AddRange(attributes);
        return node;
    }

    /// <summary>Whether the node is the named operator of the standard domain.</summary>
    public static bool Is(this NodeProto node, string opType) => node.OpType == opType && node.IsStandard();

    /// <summary>Whether the node's operator belongs to the standard domain (written as "" or "ai.onnx").</summary>
    public static bool IsStandard(this NodeProto node) => node.Domain is "" or "ai.onnx";

    /// <summary>The input at a position; empty where it is left out.</summary>
    public static string InputAt(this NodeProto node, int index) => index < node.Input.Count ? node.Input[index] : "";

    /// <summary>A name for messages: the node's own, else that of its first output.</summary>
    public static string DisplayName(this NodeProto node) => node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault(output => output.Length > 0) ?? node.OpType;

    /// <summary>The attribute of that name, or null.</summary>
    public static AttributeProto? Attribute(this NodeProto node, string name) => node.Attribute.FirstOrDefault(attribute => attribute.Name == name);

    /// <summary>An integer attribute, or the operator's default.</summary>
    public static long Int(this NodeProto node, string name, long defaultValue) => node.Attribute(name)?.I ?? defaultValue;

    /// <summary>A float attribute, or the operator's default.</summary>
    public static float Float(this NodeProto node, string name, float defaultValue) => node.Attribute(name)?.F ?? defaultValue;

    /// <summary>A text attribute, or the operator's default.</summary>
    public static string Text(this NodeProto node, string name, string defaultValue) => node.Attribute(name)?.S.ToStringUtf8() ?? defaultValue;

    /// <summary>A list of integers, or null where it is left out.</summary>
    public static long[]? Ints(this NodeProto node, string name) => node.Attribute(name) is { } attribute ? [.. attribute.Ints] : null;

    /// <summary>An attribute that holds an integer.</summary>
    public static AttributeProto Attribute(string name, long value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    /// <summary>An attribute that holds a float.</summary>
    public static AttributeProto Attribute(string name, float value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Float, F = value };

    /// <summary>An attribute that holds text.</summary>
    public static AttributeProto Attribute(string name, string value) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.String, S = ByteString.CopyFromUtf8(value) };

    /// <summary>An attribute that holds a list of integers.</summary>
    public static AttributeProto Attribute(string name, IEnumerable<long> values)
    {
        AttributeProto attribute = new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
        attribute.Ints.AddRange(values);
        return attribute;
    }

    /// <summary>Takes an attribute away and returns it; null where there is none.</summary>
    public static AttributeProto? RemoveAttribute(this NodeProto node, string name)
    {
        AttributeProto? attribute = node.Attribute(name);
        if (attribute is not null)
            node.Attribute.Remove(attribute);
        return attribute;
    }
}
