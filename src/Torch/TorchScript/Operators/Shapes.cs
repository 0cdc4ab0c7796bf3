using TorchSharp;
using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace Octet.Torch.TorchScript.Operators;

/// <summary>The same elements in another shape, order or type.</summary>
internal static class Shapes
{
    public static void Register(OperatorTable table)
    {
        table.Add(call => call.Peek(1, "size") is long && call.Count == 2 && call.Name == "view" ? throw call.Unsupported("as another type") : call.Tensor(0, "self").view(call.Integers(1, "size")), "view");
        table.Add(call => call.Tensor(0, "self").reshape(Extents(call, 1, "shape")), "reshape", "_unsafe_view");
        table.Add(call => call.Tensor(0, "self").view_as(call.Tensor(1, "other")), "view_as");
        table.Add(call => call.Tensor(0, "self").reshape(call.Tensor(1, "other").shape), "reshape_as");
        table.Add(call => call.Tensor(0, "self").flatten(call.Integer(1, "start_dim", 0), call.Integer(2, "end_dim", -1)), "flatten");
        table.Add(call => call.Tensor(0, "self").unflatten(call.Integer(1, "dim"), call.Integers(2, "sizes")), "unflatten");
        table.Add(call => call.Tensor(0, "self").transpose(call.Integer(1, "dim0"), call.Integer(2, "dim1")), "transpose", "swapaxes", "swapdims");
        table.Add(call => call.Tensor(0, "self").transpose_(call.Integer(1, "dim0"), call.Integer(2, "dim1")), "transpose_");
        table.Add(call => call.Tensor(0, "self").permute(call.Integers(1, "dims")), "permute");
        table.Add(call => call.Tensor(0, "self").movedim(call.Integers(1, "source"), call.Integers(2, "destination")), "movedim", "moveaxis");
        table.Add(call => call.Tensor(0, "self").t(), "t", "numpy_T", "prim::T");
        table.Add(call => Squeeze(call, call.Tensor(0, "self")), "squeeze");
        table.Add(call => call.Tensor(0, "self").squeeze_(call.OptionalInteger(1, "dim")), "squeeze_");
        table.Add(call => call.Tensor(0, "self").unsqueeze(call.Integer(1, "dim")), "unsqueeze");
        table.Add(call => call.Tensor(0, "self").unsqueeze_(call.Integer(1, "dim")), "unsqueeze_");
        table.Add(call =>
        {
            call.Flag(2, "implicit");
            return call.Tensor(0, "self").expand(call.Integers(1, "size"));
        }, "expand");
        table.Add(call => call.Tensor(0, "self").expand_as(call.Tensor(1, "other")), "expand_as");
        table.Add(call => call.Tensor(0, "self").broadcast_to(call.Integers(1, "size")), "broadcast_to");
        table.Add(call => call.Tensor(0, "self").repeat(call.Integers(1, "repeats")), "repeat");
        table.Add(call => call.Tensor(0, "self").tile(call.Integers(1, "dims")), "tile");
        table.Add(call => call.Peek(1, "repeats") is Tensor ? throw call.Unsupported("by a tensor") : call.Tensor(0, "self").repeat_interleave(call.Integer(1, "repeats"), call.OptionalInteger(2, "dim"), call.OptionalInteger(3, "output_size")), "repeat_interleave");
        table.Add(call => torch.cat(call.Tensors(0, "tensors"), call.Integer(1, "dim", 0)), "cat", "concat");
        table.Add(call => torch.stack(call.Tensors(0, "tensors"), call.Integer(1, "dim", 0)), "stack");
        table.Add(call => List(call.Peek(1, "split_size") is long
            ? call.Tensor(0, "self").split(call.Integer(1, "split_size"), (int)call.Integer(2, "dim", 0))
            : call.Tensor(0, "self").split(call.Integers(1, "split_size"), call.Integer(2, "dim", 0))), "split");
        table.Add(call => List(call.Tensor(0, "self").split(call.Integers(1, "split_sizes"), call.Integer(2, "dim", 0))), "split_with_sizes");
        table.Add(call => List(call.Tensor(0, "self").chunk(call.Integer(1, "chunks"), call.Integer(2, "dim", 0))), "chunk");
        table.Add(call => List(call.Tensor(0, "self").unbind(call.Integer(1, "dim", 0))), "unbind");
        table.Add(call => List(torch.meshgrid(call.Tensors(0, "tensors"), call.OptionalText(-1, "indexing") ?? "ij")), "meshgrid");
        table.Add(call => List([.. torch.broadcast_tensors([.. call.Tensors(0, "tensors")])]), "broadcast_tensors");
        table.Add(call => call.OptionalIntegers(2, "dims") is { Length: > 0 } axes ? call.Tensor(0, "self").roll(call.Integers(1, "shifts"), axes) : call.Tensor(0, "self").roll(call.Integers(1, "shifts")), "roll");
        table.Add(call => call.Tensor(0, "self").flip(call.Integers(1, "dims")), "flip");
        table.Add(call => F.pixel_shuffle(call.Tensor(0, "self"), call.Integer(1, "upscale_factor")), "pixel_shuffle");
        table.Add(call => F.pixel_unshuffle(call.Tensor(0, "self"), call.Integer(1, "downscale_factor")), "pixel_unshuffle");
        table.Add(call => call.Tensor(0, "self").channel_shuffle(call.Integer(1, "groups")), "channel_shuffle");
        table.Add(call => call.Tensor(0, "self").unfold(call.Integer(1, "dimension"), call.Integer(2, "size"), call.Integer(3, "step")), "unfold");

        table.Add(call => Copied(call, tensor => tensor.contiguous()), "contiguous");
        table.Add(call => Copied(call, tensor => tensor.clone()), "clone");
        table.Add(call => call.Tensor(0, "self").detach(), "detach", "detach_");
        table.Add(call => call.Tensor(0, "self").alias(), "alias", "prim::alias", "lift_fresh");
        table.Add(Converted, "to", "_to_copy");
        table.Add(call => call.Tensor(0, "self").to(call.Tensor(1, "other").dtype), "type_as");
        table.Add(call => call.Tensor(0, "self"), "cpu", "requires_grad_");
    }

    /// <summary>The tensors as a list of the script.</summary>
    public static List<object?> List(IEnumerable<Tensor> tensors) => [.. tensors];

    // An empty list is the shape of a scalar.
    private static long[] Extents(Operands call, int place, string name) => call.OptionalIntegers(place, name) ?? throw call.Unsupported("without a shape");

    private static Tensor Squeeze(Operands call, Tensor tensor)
    {
        if (call.Peek(1, "dim") is not List<object?>)
            return tensor.squeeze(call.OptionalInteger(1, "dim"));
        // From behind, so that the places of those before stay.
        foreach (long axis in call.Integers(1, "dim").Select(axis => axis < 0 ? axis + tensor.dim() : axis).OrderDescending())
            tensor = tensor.squeeze(axis);
        return tensor;
    }

    private static Tensor Copied(Operands call, Func<Tensor, Tensor> copy)
    {
        // How the elements lie in memory.
        call.IgnoreFrom(1);
        call.Ignore("memory_format");
        return copy(call.Tensor(0, "self"));
    }

    // Its many forms differ in what is an element type, a device, a tensor; then come non_blocking and copy.
    private static Tensor Converted(Operands call)
    {
        Tensor tensor = call.Tensor(0, "self");
        torch.ScalarType? type = call.ElementType(-1, "dtype");
        List<bool> flags = [];
        for (int i = 1; i < call.Count; i++)
        {
            switch (call.Value(i, ""))
            {
                case Tensor like:
                    type ??= like.dtype;
                    break;
                case long number when type is null:
                    type = (torch.ScalarType)number;
                    break;
                case bool flag:
                    flags.Add(flag);
                    break;
            }
        }

        bool copy = call.Flag(-1, "copy") || call.Name == "_to_copy" || flags.Count > 1 && flags[^1];
        call.Ignore("device", "layout", "pin_memory", "non_blocking", "memory_format");
        if (type is { } wanted && wanted != tensor.dtype)
            return tensor.to(wanted);
        return copy ? tensor.clone() : tensor;
    }
}
