using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Octet.Quantization.Onnx;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Conversion;

/// <summary>ONNX operators in the words of the families: values are names in the graph, axes count from the front.</summary>
internal static class Operators
{
    internal static string Sum(this ConversionContext call, string left, string right) => call.Add("Add", [left, right]);

    internal static string Difference(this ConversionContext call, string left, string right) => call.Add("Sub", [left, right]);

    internal static string Product(this ConversionContext call, string left, string right) => call.Add("Mul", [left, right]);

    internal static string Quotient(this ConversionContext call, string left, string right) => call.Add("Div", [left, right]);

    internal static string Where(this ConversionContext call, string condition, string there, string elsewhere) => call.Add("Where", [condition, there, elsewhere]);

    /// <summary>The value times a number; the value itself where the number is 1.</summary>
    internal static string Scaled(this ConversionContext call, string value, double factor, torch.ScalarType type) =>
        factor == 1 ? value : call.Product(value, call.Constant(type, factor));

    internal static string Transpose(this ConversionContext call, string value, params ReadOnlySpan<long> order) => call.Add("Transpose", [value], Nodes.Attribute("perm", order.ToArray()));

    /// <summary>The axes of a rank in their order, with two exchanged.</summary>
    internal static long[] Exchanged(int rank, int first, int second)
    {
        long[] order = [.. Enumerable.Range(0, rank)];
        (order[first], order[second]) = (order[second], order[first]);
        return order;
    }

    /// <summary>The axes of a rank in their order, with one moved to another place.</summary>
    internal static long[] Moved(int rank, int from, int to)
    {
        List<long> order = [.. Enumerable.Range(0, rank)];
        order.RemoveAt(from);
        order.Insert(to, from);
        return [.. order];
    }

    internal static string Unsqueeze(this ConversionContext call, string value, params ReadOnlySpan<long> axes) => axes.IsEmpty ? value : call.Add("Unsqueeze", [value, call.Integers(axes)]);

    internal static string Squeeze(this ConversionContext call, string value, params ReadOnlySpan<long> axes) => axes.IsEmpty ? value : call.Add("Squeeze", [value, call.Integers(axes)]);

    internal static string Concat(this ConversionContext call, IReadOnlyList<string> values, long axis) =>
        values.Count == 1 ? values[0] : call.Add("Concat", values, Nodes.Attribute("axis", axis));

    internal static string Gather(this ConversionContext call, string value, string positions, long axis) => call.Add("Gather", [value, positions], Nodes.Attribute("axis", axis));

    /// <summary>One place of an axis, which is then gone.</summary>
    internal static string Select(this ConversionContext call, string value, long axis, long index) => call.Gather(value, call.Constant(torch.ScalarType.Int64, index), axis);

    /// <summary>A range of an axis, as ONNX reads it: negative bounds count from the end, those beyond it are the end.</summary>
    internal static string Slice(this ConversionContext call, string value, long axis, long start, long stop, long step = 1) =>
        call.Add("Slice", [value, call.Integers(start), call.Integers(stop), call.Integers(axis), call.Integers(step)]);

    /// <summary>The value in one dimension.</summary>
    internal static string Flat(this ConversionContext call, TracedTensor tensor) => tensor.Rank == 1 ? call.Value(tensor) : call.Add("Reshape", [call.Value(tensor), call.Integers(-1)]);

    /// <summary>The value with the result's shape, which has as many elements.</summary>
    internal static string ReshapeToResult(this ConversionContext call, string value, ImmutableArray<Extent> from) => call.Reshape(value, from, call.Result().Shape);

    /// <summary>The value broadcast to a shape.</summary>
    internal static string Expand(this ConversionContext call, string value, ImmutableArray<Extent> shape) => call.Add("Expand", [value, call.Shape(shape)]);

    /// <summary>A value of a shape, the same number everywhere.</summary>
    internal static string Filled(this ConversionContext call, ImmutableArray<Extent> shape, string number) => shape.IsEmpty ? number : call.Expand(number, shape);

    internal static string Softmax(this ConversionContext call, string value, long axis) => call.Add("Softmax", [value], Nodes.Attribute("axis", axis));

    internal static string MatMul(this ConversionContext call, string left, string right) => call.Add("MatMul", [left, right]);

    /// <summary>Whether the tensor holds booleans.</summary>
    internal static bool IsBoolean(this TracedTensor tensor) => tensor.ElementType == torch.ScalarType.Bool;

    /// <summary>An extent of the tensor that does not depend on the batch size; a negative axis counts from the end.</summary>
    internal static long FixedExtent(this ConversionContext call, TracedTensor tensor, long axis)
    {
        Extent extent = tensor.Shape[tensor.Axis(axis)];
        return extent.IsFixed ? extent.First : throw call.Unsupported($"along an axis whose extent depends on the batch size ({tensor})");
    }

    /// <summary>The axis that a call names, counted from the front.</summary>
    internal static int Axis(this ConversionContext call, TracedTensor tensor, string parameter) => tensor.Axis(call.Integer(parameter));

    /// <summary>The data of a parameter that a converter arranges anew.</summary>
    internal static ReadOnlySpan<byte> Data(this ConversionContext call, TracedTensor parameter) =>
        parameter.Origin is TensorOrigin.State or TensorOrigin.Constant && parameter.Shape.All(extent => extent.IsFixed)
            ? parameter.Data.Span
            : throw call.Unsupported("with a weight that is calculated");

    /// <summary>Some rows of a matrix, transposed, as the right side of a product needs them.</summary>
    internal static string TransposedRows(this ConversionContext call, TracedTensor matrix, long first, long count)
    {
        ReadOnlySpan<byte> data = call.Data(matrix);
        int size = matrix.ElementType.Size(), rows = (int)count, columns = (int)matrix.Shape[1].First;
        byte[] transposed = new byte[rows * columns * size];
        for (int row = 0; row < rows; row++)
            for (int column = 0; column < columns; column++)
                data.Slice((((int)first + row) * columns + column) * size, size).CopyTo(transposed.AsSpan((column * rows + row) * size));
        return call.Constant(matrix.ElementType, [columns, rows], transposed);
    }

    /// <summary>Some elements of a vector.</summary>
    internal static string Elements(this ConversionContext call, TracedTensor vector, long first, long count)
    {
        int size = vector.ElementType.Size();
        return call.Constant(vector.ElementType, [count], call.Data(vector).Slice((int)first * size, (int)count * size).ToArray());
    }

    /// <summary>An int64 constant whose elements are calculated from their indices.</summary>
    internal static string Positions(this ConversionContext call, ImmutableArray<long> shape, Func<long[], long> position)
    {
        long[] positions = new long[shape.Aggregate(1L, (product, extent) => product * extent)];
        long[] index = new long[shape.Length];
        for (int i = 0; i < positions.Length; i++)
        {
            positions[i] = position(index);
            for (int axis = shape.Length - 1; axis >= 0 && ++index[axis] == shape[axis]; axis--)
                index[axis] = 0;
        }
        return call.Constant(torch.ScalarType.Int64, shape, MemoryMarshal.AsBytes<long>(positions).ToArray());
    }
}
