using System.Runtime.InteropServices;
using Octet.Quantization.Diagnostics;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Tests.Tracing;

public class TraceComparisonTests
{
    [Fact]
    public void What_differs_depends_on_the_batch()
    {
        Trace merged = TraceComparison.Merge(Cut(2, 14, Constant([1], 1)), Cut(3, 21, Constant([1], 1)));
        Assert.Equal("batch,7", string.Join(",", merged.Inputs[0].Shape));
        Extent size = Assert.Single(Assert.IsType<IntegersArgument>(merged.Calls[0].Arguments[1]).Values);
        Assert.Equal((7L, 0L, "7*batch"), (size.Factor, size.Offset, size.ToString()));
        Assert.Same(merged.Calls[0].Results[0], merged.Outputs[0]);
    }

    [Fact]
    public void A_constant_that_is_the_same_for_the_whole_batch_holds_one_slice()
    {
        // Rows of the batch lie in the second extent.
        Trace merged = TraceComparison.Merge(Cut(2, 14, Constant([2, 2], 1, 1, 5, 5)), Cut(3, 21, Constant([2, 3], 1, 1, 1, 5, 5, 5)));
        TracedTensor constant = Assert.IsType<TensorArgument>(merged.Calls[0].Arguments[2]).Value!;
        Assert.Equal("2,batch", string.Join(",", constant.Shape));
        Assert.Equal([1f, 5f], MemoryMarshal.Cast<byte, float>(constant.Data.Span).ToArray());
    }

    [Fact]
    public void A_constant_that_differs_along_the_batch_is_refused() =>
        Refused("depend on the batch size", Cut(2, 14, Constant([2], 0, 1)), Cut(3, 21, Constant([3], 0, 1, 2)));

    [Fact]
    public void A_constant_that_differs_between_the_traces_is_refused() => Refused("differs between", Cut(2, 14, Constant([1], 1)), Cut(3, 21, Constant([1], 2)));

    [Fact]
    public void Other_calls_at_another_batch_are_refused()
    {
        Trace one = Cut(2, 14, Constant([1], 1));
        Trace other = Cut(3, 21, Constant([1], 1));
        Refused("call 2 is none", one, other with { Calls = [.. other.Calls, other.Calls[0]] });
        Refused("THSTensor_exp", one, other with { Calls = [other.Calls[0] with { Native = "THSTensor_exp" }] });
    }

    private static void Refused(string reason, Trace one, Trace other)
    {
        DiagnosticException exception = Assert.Throws<DiagnosticException>(() => TraceComparison.Merge(one, other));
        Assert.Equal("OCT2112", exception.Diagnostic.Code);
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }

    private static Trace Cut(long batch, long elements, TracedTensor constant)
    {
        TracedTensor input = new(1, TensorOrigin.Input, "x", torch.ScalarType.Float32, [new Extent(batch), new Extent(7)]);
        TracedTensor result = new(2, TensorOrigin.Call, "", torch.ScalarType.Float32, [new Extent(elements)]);
        TracedCall call = new("THSTensor_view", [new TensorArgument("tensor", input), new IntegersArgument("shape", [new Extent(elements)]), new TensorArgument("other", constant)], [result], "", "Net");
        return new Trace([input], [call], [result], []);
    }

    private static TracedTensor Constant(long[] dims, params float[] values) =>
        new(3, TensorOrigin.Constant, "", torch.ScalarType.Float32, [.. dims.Select(extent => new Extent(extent))], MemoryMarshal.AsBytes<float>(values).ToArray());
}
