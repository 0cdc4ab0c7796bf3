using Octet.Quantization.Onnx;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Conversion;

/// <summary>
/// Writing by index. Whatever an index expression may be, it reads from a tensor of consecutive numbers the very places that are written to; one scatter over the
/// flat tensor then does it.
/// </summary>
internal static class Writing
{
    public static void Register(ConversionTable table)
    {
        table.Add(Put, "THSTensor_index_put", "THSTensor_index_put_scalar");
        table.Add(Set, "THSTensor_set1", "THSTensor_set2", "THSTensor_set3", "THSTensor_set4", "THSTensor_set5", "THSTensor_set6");
        table.Add(call => Scatter(call, "none"), "THSTensor_scatter");
        table.Add(call => Scatter(call, "add"), "THSTensor_scatter_add");
        table.Add(call => WriteAxis(call, call.Value("source"), "none"), "THSTensor_index_copy");
        table.Add(call => WriteAxis(call, AddedScaled(call), "add"), "THSTensor_index_add");
        table.Add(call => WriteAxis(call, call.Constant(call.Result().ElementType, call.Scalar("value")), "none"), "THSTensor_index_fill");
        table.Add(call => Write(call, call.Tensor("tensor"), call.Select(Numbered(call, call.Tensor("tensor")), call.Axis(call.Tensor("tensor"), "dim"), call.Integer("index")), call.Value("source"), "none"), "THSTensor_select_scatter");
        table.Add(call => call.Return(call.Where(call.Value("mask"), Number(call, "value"), call.Value("tensor"))), "THSTensor_masked_fill");
    }

    private static void Put(ConversionContext call)
    {
        TracedTensor tensor = call.Tensor("tensor");
        IndexExpression expression = IndexExpression.Of(call, tensor);
        bool accumulate = call.Has("accumulate") && call.Flag("accumulate");
        if (expression.Parts is [IndexTensor { Tensor: { ElementType: torch.ScalarType.Bool, Origin: TensorOrigin.Call or TensorOrigin.Input } mask }])
            PutMasked(call, tensor, mask, accumulate);
        else
            Write(call, tensor, Indexing.Read(call, Numbered(call, tensor), tensor, expression), Number(call, "value"), accumulate ? "add" : "none");
    }

    /// <summary>Where a mask chooses, one number: how many elements there are does not matter.</summary>
    private static void PutMasked(ConversionContext call, TracedTensor tensor, TracedTensor mask, bool accumulate)
    {
        if (accumulate || (call.Native == "THSTensor_index_put" && call.Tensor("value").Shape.Any(extent => extent != new Extent(1))))
            throw call.Unsupported("with a mask that is calculated and values that are not all one: how many are needed depends on the data");
        string fitting = call.Unsqueeze(call.Value(mask), [.. Enumerable.Range(mask.Rank, tensor.Rank - mask.Rank).Select(axis => (long)axis)]);
        string number = Number(call, "value");
        if (call.Native == "THSTensor_index_put" && call.Tensor("value").Rank > 0)
            number = call.Add("Reshape", [number, call.Integers([])]);
        call.Return(call.Where(fitting, number, call.Value(tensor)));
    }

    private static void Set(ConversionContext call)
    {
        TracedTensor tensor = call.Tensor("handle");
        Write(call, tensor, Indexing.Read(call, Numbered(call, tensor), tensor, IndexExpression.OfNumbers(call)), Number(call, "value"), "none");
    }

    /// <summary>Torch takes as much of the source as there are positions.</summary>
    private static void Scatter(ConversionContext call, string reduction)
    {
        TracedTensor positions = call.Tensor("index"), source = call.Tensor("source");
        string values = call.Value(source);
        if (!source.Shape.SequenceEqual(positions.Shape))
        {
            values = call.Add("Slice", [values, call.Integers([.. positions.Shape.Select(_ => 0L)]), call.Shape(positions.Shape)]);
        }
        call.Return(call.Add("ScatterElements", [call.Value("tensor"), call.Value(positions), values],
            Nodes.Attribute("axis", (long)call.Axis(call.Tensor("tensor"), "dim")), Nodes.Attribute("reduction", reduction)));
    }

    private static void WriteAxis(ConversionContext call, string values, string reduction)
    {
        TracedTensor tensor = call.Tensor("tensor");
        Write(call, tensor, call.Gather(Numbered(call, tensor), call.Value("index"), call.Axis(tensor, "dim")), values, reduction);
    }

    private static string AddedScaled(ConversionContext call)
    {
        torch.ScalarType type = call.Result().ElementType;
        TorchScalar alpha = call.Scalar("alpha");
        return alpha.Number == 1 ? call.Value("source") : call.Product(call.Value("source"), call.Constant(type, alpha));
    }

    /// <summary>The numbers of the tensor's elements, in its shape.</summary>
    private static string Numbered(ConversionContext call, TracedTensor tensor)
    {
        string zero = call.Constant(torch.ScalarType.Int64, 0), one = call.Constant(torch.ScalarType.Int64, 1);
        return call.Add("Reshape", [call.Add("Range", [zero, call.Add("Size", [call.Value(tensor)]), one]), call.Shape(tensor.Shape)]);
    }

    /// <summary>Writes values, broadcast to the places, and gives the result.</summary>
    private static void Write(ConversionContext call, TracedTensor tensor, string places, string values, string reduction)
    {
        string flat = call.Integers(-1);
        string broadcast = call.Add("Expand", [values, call.Add("Shape", [places])]);
        string written = call.Add("ScatterElements", [call.Flat(tensor), call.Add("Reshape", [places, flat]), call.Add("Reshape", [broadcast, flat])],
            Nodes.Attribute("axis", 0L), Nodes.Attribute("reduction", reduction));
        call.Return(call.Add("Reshape", [written, call.Shape(tensor.Shape)]));
    }

    /// <summary>A number or a tensor, in the result's element type.</summary>
    private static string Number(ConversionContext call, string parameter) =>
        call.Call.Arguments.Any(argument => argument is TensorArgument && argument.Name == parameter)
            ? call.Value(call.Tensor(parameter), call.Result().ElementType)
            : call.Constant(call.Result().ElementType, call.Scalar(parameter));
}
