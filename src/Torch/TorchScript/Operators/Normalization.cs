using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace Octet.Torch.TorchScript.Operators;

/// <summary>Normalization over batches, groups, layers and instances.</summary>
internal static class Normalization
{
    public static void Register(OperatorTable table)
    {
        table.Add(call =>
        {
            call.Ignore("cudnn_enabled");
            call.IgnoreFrom(8);
            return F.batch_norm(call.Tensor(0, "input"), call.OptionalTensor(3, "running_mean"), call.OptionalTensor(4, "running_var"), call.OptionalTensor(1, "weight"), call.OptionalTensor(2, "bias"),
                call.Flag(5, "training"), call.Number(6, "momentum", 0.1), call.Number(7, "eps", 1e-5));
        }, "batch_norm");
        table.Add(call =>
        {
            call.IgnoreFrom(8);
            return F.instance_norm(call.Tensor(0, "input"), call.OptionalTensor(3, "running_mean"), call.OptionalTensor(4, "running_var"), call.OptionalTensor(1, "weight"), call.OptionalTensor(2, "bias"),
                call.Flag(5, "use_input_stats"), call.Number(6, "momentum", 0.1), call.Number(7, "eps", 1e-5));
        }, "instance_norm");
        table.Add(call =>
        {
            call.IgnoreFrom(5);
            return F.group_norm(call.Tensor(0, "input"), call.Integer(1, "num_groups"), call.OptionalTensor(2, "weight"), call.OptionalTensor(3, "bias"), call.Number(4, "eps", 1e-5));
        }, "group_norm");
        table.Add(call =>
        {
            call.Ignore("cudnn_enable");
            call.IgnoreFrom(5);
            return F.layer_norm(call.Tensor(0, "input"), call.Integers(1, "normalized_shape"), call.OptionalTensor(2, "weight"), call.OptionalTensor(3, "bias"), call.Number(4, "eps", 1e-5));
        }, "layer_norm");
        table.Add(call => Length(call), "norm", "linalg_vector_norm");
    }

    private static Tensor Length(Operands call)
    {
        Tensor tensor = call.Tensor(0, "self");
        double order = call.Number(1, call.Name == "norm" ? "p" : "ord", 2);
        long[]? axes = call.OptionalIntegers(2, "dim");
        bool keep = call.Flag(3, "keepdim");
        if (call.ElementType(4, "dtype") is not null)
            throw call.Unsupported("with a change of type");
        return (order, axes) switch
        {
            (2, null or []) when !keep => tensor.square().sum().sqrt(),
            (2, not null) => tensor.square().sum(axes, keep).sqrt(),
            (1, null or []) when !keep => tensor.abs().sum(),
            (1, not null) => tensor.abs().sum(axes, keep),
            _ => throw call.Unsupported($"of order {order}"),
        };
    }
}
