using Octet.Torch.TorchScript.Operators;
using TorchSharp;

namespace Octet.Torch.Tests.TorchScript;

/// <summary>Single operators against libtorch's own interpreter, each in the forms that archives have.</summary>
public class OperatorTests
{
    // x is [2, 4, 6, 6].
    private static readonly string[] Images =
    [
        "torch.add(x, x, alpha=2)", "torch.add(x, 1.5)", "torch.sub(x, 2)", "torch.sub(x, torch.mul(x, x), alpha=3)", "torch.rsub(x, 1.)", "torch.rsub(x, x, alpha=2)", "torch.div(x, 3.)",
        "torch.div(x, 3., rounding_mode=\"floor\")", "torch.pow(x, 2)", "torch.neg(x)", "torch.remainder(x, 0.5)", "torch.floor_divide(x, 0.3)", "torch.addcmul(x, x, x, value=0.5)", "torch.addcdiv(x, x, torch.exp(x))",
        "torch.maximum(x, torch.neg(x))", "torch.mul(x, 2)", "torch.add_(torch.clone(x), x)", "torch.mul_(torch.clone(x), 2)", "torch.sub_(torch.clone(x), x, alpha=2)", "torch.div_(torch.clone(x), 2)",
        "torch.exp(x)", "torch.sqrt(torch.abs(x))", "torch.rsqrt(torch.exp(x))", "torch.reciprocal(torch.exp(x))", "torch.log(torch.abs(x))", "torch.log1p(torch.abs(x))", "torch.erf(x)", "torch.sin(x)", "torch.cos(x)",
        "torch.floor(x)", "torch.ceil(x)", "torch.round(x)", "torch.sign(x)", "torch.square(x)", "torch.clamp(x, 0., 1.)", "torch.clamp(x, None, 1.)", "torch.clamp_(torch.clone(x), 0)", "torch.clamp_min(x, 0)",
        "torch.relu(x)", "torch.relu_(torch.clone(x))", "torch.relu6(x)", "torch.hardtanh(x, 0., 6.)", "torch.hardtanh_(torch.clone(x), -2., 2.)", "torch.leaky_relu(x, 0.2)", "torch.elu(x)", "torch.elu(x, 0.5)",
        "torch.silu(x)", "torch.silu_(torch.clone(x))", "torch.mish(x)", "torch.hardswish(x)", "torch.hardsigmoid(x)", "torch.gelu(x)", "torch.gelu(x, approximate=\"tanh\")", "torch.sigmoid(x)", "torch.tanh(x)",
        "torch.softplus(x)", "torch.softplus(x, 2, 10)", "torch.glu(x, 1)", "torch.softmax(x, 1)", "torch.softmax(x, -1, 6)", "torch.log_softmax(x, 1, None)", "torch.selu(x)", "torch.celu(x, 1.5)", "torch.dropout(x, 0.5, False)",
        "torch.max_pool2d(x, [2, 2])", "torch.max_pool2d(x, [3, 3], [2, 2], [1, 1], [1, 1], True)", "torch.avg_pool2d(x, [3, 3], [2, 2], [1, 1], False, False)", "torch.avg_pool2d(x, [2, 2], [], [0, 0])",
        "torch.adaptive_avg_pool2d(x, [1, 1])", "torch.adaptive_avg_pool2d(x, [3, 2])", "(torch.adaptive_max_pool2d(x, [2, 2]))[0]", "(torch.max_pool2d_with_indices(x, [2, 2], [2, 2]))[0]",
        "torch.max_pool1d(torch.flatten(x, 2), [2], [2])", "torch.avg_pool1d(torch.flatten(x, 2), [2], [2])", "torch.adaptive_avg_pool1d(torch.flatten(x, 2), [3])",
        "torch.batch_norm(x, None, None, torch.arange(4, dtype=6), torch.ones([4]), False, 0.1, 1e-5, True)", "torch.group_norm(x, 2, None, None, 1e-5, True)", "torch.layer_norm(x, [6, 6])",
        "torch.instance_norm(x, None, None, None, None, True, 0.1, 1e-5, True)", "torch.norm(x, 2, [1], True)", "torch.linalg_vector_norm(x, 2, [1, 2])",
        "torch.view(x, [2, -1])", "torch.reshape(x, [-1, 6])", "torch.flatten(x, 1)", "torch.flatten(x, 1, -1)", "torch.transpose(x, 1, 2)", "torch.permute(x, [0, 2, 3, 1])", "torch.unsqueeze(x, 1)", "torch.squeeze(torch.unsqueeze(x, 1), 1)",
        "torch.squeeze(torch.unsqueeze(x, 1))", "torch.expand(torch.unsqueeze(x, 0), [3, -1, -1, -1, -1])", "torch.repeat(x, [1, 2, 1, 1])", "torch.cat([x, x], 1)", "torch.stack([x, x])", "torch.cat(torch.split(x, 2, 1), 2)",
        "torch.cat(torch.split(x, [1, 3], 1), 0 if False else 1)", "torch.cat(torch.split_with_sizes(x, [1, 3], 1), 1)", "torch.stack(torch.chunk(x, 2, 1), 1)", "torch.stack(torch.unbind(x, 1), 2)", "torch.roll(x, [1, 2], [2, 3])", "torch.flip(x, [3])",
        "torch.pixel_shuffle(x, 2)", "torch.pixel_unshuffle(x, 2)", "torch.channel_shuffle(x, 2)", "torch.unflatten(x, 1, [2, 2])", "torch.movedim(x, [1], [3])", "torch.contiguous(torch.transpose(x, 1, 3))", "torch.detach(x)",
        "torch.to(x, 7)", "torch.to(x, 6, False, True)", "torch.to(x, torch.device(\"cpu\"), 6, False, False, None)", "torch.to(x, dtype=4, layout=0, device=torch.device(\"cpu\"))", "torch.type_as(x, torch.to(x, 7))",
        "torch.select(x, 1, 2)", "torch.slice(x, 2, 1, 9223372036854775807, 2)", "torch.slice(x, 1)", "torch.slice(x, 3, None, -1)", "torch.narrow(x, 1, 1, 2)", "torch.index_select(x, 1, torch.arange(2))",
        "torch.index(x, [None, torch.arange(2)])", "torch.gather(x, 3, torch.zeros([2, 4, 6, 1], dtype=4))", "torch.masked_fill(x, torch.gt(x, 0), 0.5)", "torch.where(torch.gt(x, 0), x, torch.neg(x))", "torch.tril(x)", "torch.triu(x, 1)",
        "torch.index_put_(torch.clone(x), [torch.arange(1)], torch.zeros([1]))", "torch.scatter(x, 3, torch.zeros([2, 4, 6, 1], dtype=4), torch.ones([2, 4, 6, 1]))", "(torch.topk(x, 2))[0]", "(torch.topk(x, 2, 1))[1]", "(torch.sort(x, 1, True))[0]",
        "torch.copy_(torch.clone(x), torch.exp(x))", "torch.fill_(torch.clone(x), 2)", "torch.zero_(torch.clone(x))", "torch.cumsum(x, 1)",
        "torch.sum(x)", "torch.sum(x, [1, 2], True)", "torch.sum(x, dtype=7)", "torch.mean(x)", "torch.mean(x, [2, 3])", "torch.mean(x, [2, 3], True)", "torch.amax(x, [1])", "torch.max(x)", "(torch.max(x, 1, True))[0]", "torch.min(x, torch.neg(x))",
        "torch.argmax(x, 1)", "torch.argmin(x, 1, True)", "torch.var(x, [1], True)", "torch.var(x, [1], False, True)", "torch.std(x, [1])", "torch.var(x, [1], correction=0, keepdim=True)", "torch.logsumexp(x, [1])", "torch.prod(x, 1)",
        "torch.matmul(x, torch.transpose(x, 2, 3))", "torch.bmm(torch.flatten(x, 2), torch.transpose(torch.flatten(x, 2), 1, 2))", "torch.einsum(\"bchw,bchv->bcwv\", [x, x])", "torch.scaled_dot_product_attention(x, x, x)",
        "torch.scaled_dot_product_attention(x, x, x, None, 0., True)", "torch.scaled_dot_product_attention(x, x, x, scale=0.25)", "torch.baddbmm(torch.zeros([1]), torch.flatten(x, 2), torch.transpose(torch.flatten(x, 2), 1, 2), beta=0.5, alpha=2)",
        "torch.upsample_nearest2d(x, [12, 12], None)", "torch.upsample_nearest2d(x, None, [2., 2.])", "torch.upsample_bilinear2d(x, [9, 12], False, None)", "torch.upsample_bilinear2d(x, [12, 12], True, 2., 2.)", "torch.upsample_bicubic2d(x, None, False, [2., 2.])",
        "torch.constant_pad_nd(x, [1, 1, 2, 0], 0.5)", "torch.pad(x, [1, 1, 2, 2], \"reflect\")", "torch.reflection_pad2d(x, [1, 1, 2, 2])", "torch.replication_pad2d(x, [1, 1, 2, 2])", "torch.pad(x, [1, 2])",
        "torch.zeros_like(x)", "torch.ones_like(x, dtype=4)", "torch.full_like(x, 2)", "torch.new_zeros(x, [2, 3])", "torch.new_ones(x, [2], dtype=4)", "torch.new_full(x, [2], 3)", "torch.full([2, 2], 0.5)", "torch.full([2], 3)", "torch.arange(5)",
        "torch.arange(1, 9, 2, dtype=6, layout=0, device=torch.device(\"cpu\"), pin_memory=False)", "torch.arange(2, 5)", "torch.tensor([[1, 2], [3, 4]])", "torch.tensor(1.5)", "torch.eye(3)", "torch.linspace(0., 1., 5)", "torch.scalar_tensor(2)", "torch.hardtanh(x)",
        "torch.gt(x, 0)", "torch.eq(x, x)", "torch.logical_not(torch.gt(x, 0))", "torch.__and__(torch.gt(x, 0), torch.lt(x, 1))", "torch.isnan(x)", "torch.bitwise_not(torch.gt(x, 0))", "ops.prim.NumToTensor(torch.size(x, 0))",
        "torch.mul(x, int(ops.prim.NumToTensor(torch.size(x, 1))))", "torch.view(x, [torch.size(x, 0), torch.mul(torch.size(x, 1), 3), -1])", "torch.mul(x, torch.floordiv(torch.len(torch.size(x)), 3))", "torch.to(x, ops.prim.dtype(x))",
    ];

    public static TheoryData<string> Expressions => [.. Images];

    [Theory]
    [MemberData(nameof(Expressions))]
    public void Operators_calculate_what_libtorch_does(string expression)
    {
        torch.manual_seed(3);
        ScriptReference.AssertSame(ScriptArchive.OfExpression(expression), torch.randn(2, 4, 6, 6));
    }

    [Theory]
    [InlineData("torch.conv2d(x, w, None, [2, 2], [1, 1], [1, 1], 2)", 4, 2, 3, 3)]
    [InlineData("torch.conv2d(x, w, None, [1, 1], \"same\")", 4, 4, 3, 3)]
    [InlineData("torch.conv2d(x, w, torch.ones([4]), [1, 1], \"valid\")", 4, 4, 3, 3)]
    [InlineData("torch._convolution(x, w, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1, False, False, True, True)", 5, 4, 3, 3)]
    [InlineData("torch._convolution(x, w, None, [2, 2], [1, 1], [1, 1], True, [1, 1], 1, False, False, True, True)", 4, 5, 3, 3)]
    [InlineData("torch.conv_transpose2d(x, w, None, [2, 2])", 4, 3, 2, 2)]
    [InlineData("torch.conv_transpose1d(torch.flatten(x, 2), w, None, [2], [1], [1], 2, [2])", 4, 3, 3)]
    [InlineData("torch.conv1d(torch.flatten(x, 2), w, None, [2], [1], [2])", 3, 4, 3)]
    [InlineData("torch.conv3d(torch.unsqueeze(x, 1), w, None, [1, 1, 1], [1, 1, 1])", 2, 1, 3, 3, 3)]
    [InlineData("torch.linear(x, w)", 5, 6)]
    [InlineData("torch.linear(x, w, torch.ones([5]))", 5, 6)]
    [InlineData("torch.addmm(torch.ones([5]), torch.reshape(x, [-1, 6]), torch.t(w), beta=0.5, alpha=2)", 5, 6)]
    [InlineData("torch.prelu(x, w)", 4)]
    [InlineData("torch.embedding(w, torch.argmax(x, 1))", 4, 7)]
    [InlineData("torch.embedding(w, torch.argmax(x, 1), -1, False, False)", 4, 7)]
    [InlineData("torch.matmul(x, w)", 6, 3)]
    public void Operators_with_weights_calculate_what_libtorch_does(string expression, params int[] weight)
    {
        torch.manual_seed(4);
        ScriptReference.AssertSame(ScriptArchive.OfExpression(expression, "x: Tensor,\n    w: Tensor"), torch.randn(2, 4, 6, 6), torch.randn([.. weight.Select(extent => (long)extent)]));
    }

    [Fact]
    public void Most_operators_are_tested()
    {
        // Each name of an expression above is one of the table's, so a renamed operator is noticed.
        var table = new OperatorTable(10);
        Assert.All(Images.SelectMany(expression => System.Text.RegularExpressions.Regex.Matches(expression, @"torch\.(\w+)\(").Select(match => match.Groups[1].Value)), name => Assert.NotNull(table.Find(name)));
    }
}
