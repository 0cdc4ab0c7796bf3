using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace Octet.Torch.TorchScript.Operators;

/// <summary>Attention as one operator.</summary>
internal static class Attention
{
    public static void Register(OperatorTable table) => table.Add(call =>
    {
        Tensor query = call.Tensor(0, "query");
        // TorchSharp's has the usual scale of one by the root of the last extent only.
        if (call.OptionalNumber(6, "scale") is { } scale)
            query = query.mul(scale * Math.Sqrt(query.shape[^1]));
        if (call.Flag(7, "enable_gqa"))
            throw call.Unsupported("with grouped queries");
        return F.scaled_dot_product_attention(query, call.Tensor(1, "key"), call.Tensor(2, "value"), call.OptionalTensor(3, "attn_mask"), call.Number(4, "dropout_p", 0), call.Flag(5, "is_causal"));
    }, "scaled_dot_product_attention");
}
