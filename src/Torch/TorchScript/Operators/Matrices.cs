using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Octet.Torch.TorchScript.Operators;

/// <summary>Products of matrices, and embeddings.</summary>
internal static class Matrices
{
    public static void Register(OperatorTable table)
    {
        table.Add(call => F.linear(call.Tensor(0, "input"), call.Tensor(1, "weight"), call.OptionalTensor(2, "bias")), "linear");
        table.Add(call => call.Tensor(0, "self").matmul(call.Tensor(1, "other")), "matmul");
        table.Add(call => call.Tensor(0, "self").mm(call.Tensor(1, "mat2")), "mm");
        table.Add(call => call.Tensor(0, "self").bmm(call.Tensor(1, "mat2")), "bmm");
        table.Add(call => call.Tensor(0, "self").mv(call.Tensor(1, "vec")), "mv");
        table.Add(call => call.Tensor(0, "self").dot(call.Tensor(1, "tensor")), "dot");
        table.Add(call => call.Tensor(0, "self").outer(call.Tensor(1, "vec2")), "outer");
        table.Add(call => call.Tensor(0, "self").addmm(call.Tensor(1, "mat1"), call.Tensor(2, "mat2"), (float)call.Number(3, "beta", 1), (float)call.Number(4, "alpha", 1)), "addmm");
        table.Add(BatchedSum, "baddbmm");
        table.Add(call =>
        {
            call.Ignore("path");
            return torch.einsum(call.OptionalText(0, "equation")!, [.. call.Tensors(1, "tensors")]);
        }, "einsum");
        // Which index is padding, and how gradients are stored, matters in training only.
        table.Add(call =>
        {
            call.IgnoreFrom(2);
            call.Ignore("padding_idx", "scale_grad_by_freq", "sparse");
            return call.Tensor(0, "weight").index(torch.TensorIndex.Tensor(call.Tensor(1, "indices")));
        }, "embedding");
    }

    // TorchSharp's own takes the first of the three for a factor.
    private static torch.Tensor BatchedSum(Operands call)
    {
        torch.Tensor product = call.Tensor(1, "batch1").bmm(call.Tensor(2, "batch2"));
        torch.Tensor self = call.Tensor(0, "self");
        (double beta, double alpha) = (call.Number(3, "beta", 1), call.Number(4, "alpha", 1));
        return (beta == 1 ? self : self.mul(beta)).add(alpha == 1 ? product : product.mul(alpha));
    }
}
