using Octet.Torch.Interception;

namespace Octet.Torch.Tests.Interception;

public class NativeSignatureTests
{
    [Fact]
    public void A_pointer_before_a_length_is_an_array()
    {
        NativeSignature signature = NativeSignature.Parse("THSTensor_conv1d", "IntPtr;IntPtr input,IntPtr strides,Int32 stridesLength,Int64 groups");
        Assert.Equal([ParameterKind.Handle, ParameterKind.Array, ParameterKind.Length, ParameterKind.Plain], signature.Parameters.Select(parameter => parameter.Kind));
        Assert.Equal(2, signature.Parameters[1].Length);
        Assert.True(signature.ReturnsTensor);
    }

    [Fact]
    public void Arrays_of_an_index_share_one_length()
    {
        NativeSignature signature = NativeSignature.Parse("THSTensor_index", "IntPtr;IntPtr tensor,IntPtr indexStarts,IntPtr indexEnds,IntPtr indexSteps,IntPtr indexTensors,Int32 indicesLength");
        Assert.Equal(ParameterKind.Handle, signature.Parameters[0].Kind);
        Assert.All(signature.Parameters[1..5], parameter => Assert.Equal((ParameterKind.Array, 5), (parameter.Kind, parameter.Length)));
    }

    // Its third number is called a length, but is the end of the range.
    [Fact]
    public void A_number_called_length_without_a_pointer_before_it_is_a_number() =>
        Assert.All(NativeSignature.Parse("THSTensor_slice", "IntPtr;IntPtr tensor,Int64 dim,Int64 start,Int64 length,Int64 step").Parameters[1..], parameter => Assert.Equal(ParameterKind.Plain, parameter.Kind));

    [Theory]
    [InlineData("THSTensor_copy_", "Int64;IntPtr handle,IntPtr source,Boolean non_blocking", true, false)]
    [InlineData("THSTensor_add_", "Void;IntPtr tensor,IntPtr trg,IntPtr alpha", true, false)]
    [InlineData("THSTensor_set1", "Void;IntPtr handle,Int64 i1,IntPtr value", true, false)]
    [InlineData("THSTensor_gelu_", "IntPtr;IntPtr tensor", true, true)]
    [InlineData("THSTensor_squeeze_", "Void;IntPtr tensor,Int64 dim", false, false)]
    [InlineData("THSTensor_chunk", "IntPtr;IntPtr tensor,AllocatePinnedArray allocator,Int64 chunks,Int64 dim", false, false)]
    [InlineData("THSTensor_item", "IntPtr;IntPtr handle", false, false)]
    [InlineData("THSTensor_ndimension", "Int64;IntPtr handle", false, false)]
    [InlineData("THSNN_LSTM_ctor", "IntPtr;Int64 input_size,Int64 hidden_size", false, false)]
    public void What_a_call_does_is_told_from_its_declaration_and_from_what_that_gets_wrong(string name, string declaration, bool writes, bool returns)
    {
        NativeSignature signature = NativeSignature.Parse(name, declaration);
        Assert.Equal((writes, returns), (signature.WritesFirst, signature.ReturnsTensor));
    }
}
