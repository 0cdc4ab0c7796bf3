using Octet.Torch.Tracing;

namespace Octet.Torch.Conversion;

/// <summary>Calls that pass their input on: copies and views of the whole, conversions of type, what is switched off at inference.</summary>
internal static class Passing
{
    public static void Register(ConversionTable table)
    {
        table.Add(call => Pass(call, "handle"), "THSTensor_alias", "THSTensor_clone", "THSTensor_contiguous", "THSTensor_cpu", "THSTensor_to_device", "THSTensor_pin_memory", "THSTensor_to_dense");
        table.Add(call => Pass(call, "handle"), "THSTensor_to_type", "THSTensor_to_type_and_device");
        table.Add(call => Pass(call, "tensor"), "THSTensor_detach", "THSTensor_positive", "THSTensor_resolve_conj", "THSTensor_resolve_neg");
        table.Add(DropOut, "THSNN_dropout", "THSNN_dropout2d", "THSNN_dropout3d", "THSNN_alpha_dropout", "THSNN_feature_alpha_dropout");
        table.Add(CopyInto, "THSTensor_copy");
    }

    private static void Pass(ConversionContext call, string parameter) => call.Return(call.Value(call.Tensor(parameter), call.Result().ElementType));

    private static void DropOut(ConversionContext call)
    {
        if (call.Flag("training"))
            throw call.Unsupported("with training=true");
        Pass(call, "input");
    }

    // The target keeps its shape and type, and becomes what the source is.
    private static void CopyInto(ConversionContext call)
    {
        TracedTensor source = call.Tensor("source");
        string value = call.Value(source, call.Result().ElementType);
        call.Return(source.Shape.SequenceEqual(call.Result().Shape) ? value : call.Add("Expand", [value, call.Shape(call.Result().Shape)]));
    }
}
