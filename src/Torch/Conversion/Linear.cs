using Octet.Quantization.Onnx;
using Octet.Torch.Tracing;

namespace Octet.Torch.Conversion;

/// <summary>Matrix products.</summary>
internal static class Linear
{
    public static void Register(ConversionTable table)
    {
        table.Add(Apply, "THSNN_functional_linear");
        table.Add(call => call.Return(call.Add("MatMul", [call.Value("tensor"), call.Value("target")])), "THSTensor_matmul", "THSTensor_mm", "THSTensor_mv", "THSTensor_dot");
        table.Add(call => call.Return(call.Add("MatMul", [call.Value("batch1"), call.Value("batch2")])), "THSTensor_bmm");
        table.Add(call => call.Return(call.Add("Gemm", [call.Value("mat1"), call.Value("mat2"), call.Value("mat")],
            Nodes.Attribute("alpha", (float)call.Number("alpha")), Nodes.Attribute("beta", (float)call.Number("beta")))), "THSTensor_addmm");
        table.Add(AddBatches, "THSTensor_baddbmm");
    }

    private static void Apply(ConversionContext call)
    {
        TracedTensor input = call.Tensor("input");
        TracedTensor weights = call.Tensor("weights");
        TracedTensor? bias = call.OptionalTensor("bias");
        if (input.Rank == 2 && weights.Rank == 2)
        {
            call.Return(call.Add("Gemm", bias is null ? [call.Value(input), call.Value(weights)] : [call.Value(input), call.Value(weights), call.Value(bias)], Nodes.Attribute("transB", 1L)));
            return;
        }
        string transposed = weights.Rank == 2 ? call.Add("Transpose", [call.Value(weights)], Nodes.Attribute("perm", [1L, 0L])) : call.Value(weights);
        string product = call.Add("MatMul", [call.Value(input), transposed]);
        call.Return(bias is null ? product : call.Add("Add", [product, call.Value(bias)]));
    }

    // beta * mat + alpha * (batch1 x batch2)
    private static void AddBatches(ConversionContext call)
    {
        string product = call.Add("MatMul", [call.Value("batch1"), call.Value("batch2")]);
        if (call.Number("alpha") != 1)
            product = call.Add("Mul", [product, call.Constant(call.Result().ElementType, call.Number("alpha"))]);
        string added = call.Value("mat");
        if (call.Number("beta") != 1)
            added = call.Add("Mul", [added, call.Constant(call.Result().ElementType, call.Number("beta"))]);
        call.Return(call.Add("Add", [product, added]));
    }
}
