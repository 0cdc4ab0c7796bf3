using System.Collections.Immutable;
using Octet.Quantization.Onnx;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Conversion;

/// <summary>Other shapes of the same values, other orders of axes, and several tensors as one.</summary>
internal static class Shapes
{
    public static void Register(ConversionTable table)
    {
        table.Add(Reshape, "THSTensor_view", "THSTensor_reshape", "THSTensor_flatten", "THSTensor_unflatten", "THSTensor_ravel", "THSTensor_squeeze", "THSTensor_squeeze_no_dim", "THSTensor_unsqueeze",
            "THSTensor_squeeze_no_dim_", "THSTensor_atleast_1d", "THSTensor_atleast_2d", "THSTensor_atleast_3d");
        table.Add(call => Transpose(call, call.Integer("dim1"), call.Integer("dim2")), "THSTensor_transpose");
        table.Add(call => Transpose(call, 0, call.Tensor("tensor").Rank - 1), "THSTensor_t");
        table.Add(call => Transpose(call, -1, -2), "THSTensor_mT");
        table.Add(Permute, "THSTensor_permute");
        table.Add(Expand, "THSTensor_expand", "THSTensor_broadcast_to");
        table.Add(Concatenate, "THSTensor_cat");
        table.Add(Stack, "THSTensor_stack");
    }

    private static void Reshape(ConversionContext call)
    {
        TracedTensor tensor = call.Tensor("tensor");
        call.Return(call.Reshape(call.Value(tensor), tensor.Shape, call.Result().Shape));
    }

    private static void Transpose(ConversionContext call, long first, long second)
    {
        TracedTensor tensor = call.Tensor("tensor");
        long[] order = [.. Enumerable.Range(0, tensor.Rank).Select(axis => (long)axis)];
        if (tensor.Rank > 1)
            (order[tensor.Axis(first)], order[tensor.Axis(second)]) = (order[tensor.Axis(second)], order[tensor.Axis(first)]);
        call.Return(Ordered(call, tensor, order));
    }

    private static void Permute(ConversionContext call)
    {
        TracedTensor tensor = call.Tensor("tensor");
        call.Return(Ordered(call, tensor, [.. call.Integers("psizes").Select(axis => (long)tensor.Axis(axis))]));
    }

    private static string Ordered(ConversionContext call, TracedTensor tensor, long[] order) =>
        order.Order().SequenceEqual(order) ? call.Value(tensor) : call.Add("Transpose", [call.Value(tensor)], Nodes.Attribute("perm", order));

    private static void Expand(ConversionContext call)
    {
        TracedTensor tensor = call.Tensor("tensor");
        call.Return(tensor.Shape.SequenceEqual(call.Result().Shape) ? call.Value(tensor) : call.Add("Expand", [call.Value(tensor), call.Shape(call.Result().Shape)]));
    }

    private static void Concatenate(ConversionContext call)
    {
        torch.ScalarType type = call.Result().ElementType;
        // TorchSharp takes empty one-dimensional tensors for nothing, whatever the others' shape is.
        ImmutableArray<TracedTensor> parts = [.. call.Tensors("tensor").Where(tensor => tensor.Shape is not [{ IsFixed: true, First: 0 }])];
        if (parts.Length == 0)
            throw call.Unsupported("of nothing");
        call.Return(parts.Length == 1
            ? call.Value(parts[0], type)
            : call.Add("Concat", [.. parts.Select(tensor => call.Value(tensor, type))], Nodes.Attribute("axis", (long)call.Result().Axis(call.Integer("dim")))));
    }

    private static void Stack(ConversionContext call)
    {
        torch.ScalarType type = call.Result().ElementType;
        long axis = call.Result().Axis(call.Integer("dim"));
        call.Return(call.Add("Concat", [.. call.Tensors("tensor").Select(tensor => call.Add("Unsqueeze", [call.Value(tensor, type), call.Integers(axis)]))], Nodes.Attribute("axis", axis)));
    }
}
