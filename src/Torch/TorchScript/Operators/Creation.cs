using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace Octet.Torch.TorchScript.Operators;

/// <summary>New tensors.</summary>
internal static class Creation
{
    public static void Register(OperatorTable table)
    {
        table.Add(call => Made(call, 1, type => torch.zeros(Size(call), type)), "zeros");
        table.Add(call => Made(call, 1, type => torch.ones(Size(call), type)), "ones");
        table.Add(call => Made(call, 1, type => torch.zeros(Size(call), type)), "empty");
        table.Add(call => Made(call, 2, type => torch.full(Size(call), call.Scalar(1, "fill_value"), type ?? TypeOf(call.Peek(1, "fill_value")))), "full");
        table.Add(call => Made(call, 1, type => call.Tensor(0, "self").zeros_like(type)), "zeros_like");
        table.Add(call => Made(call, 1, type => call.Tensor(0, "self").ones_like(type)), "ones_like");
        table.Add(call => Made(call, 1, type => call.Tensor(0, "self").zeros_like(type)), "empty_like");
        table.Add(call => Made(call, 2, type => call.Tensor(0, "self").full_like(call.Scalar(1, "fill_value"), type)), "full_like");
        table.Add(call => Made(call, 2, type => torch.zeros(call.Integers(1, "size"), type ?? call.Tensor(0, "self").dtype), "self"), "new_zeros", "new_empty");
        table.Add(call => Made(call, 2, type => torch.ones(call.Integers(1, "size"), type ?? call.Tensor(0, "self").dtype), "self"), "new_ones");
        table.Add(call => Made(call, 3, type => torch.full(call.Integers(1, "size"), call.Scalar(2, "fill_value"), type ?? call.Tensor(0, "self").dtype), "self"), "new_full");
        table.Add(Range, "arange");
        table.Add(call => Made(call, 3, type => torch.linspace(call.Number(0, "start"), call.Number(1, "end"), call.Integer(2, "steps"), type)), "linspace");
        table.Add(call => call.Count > 1 && call.Peek(1, "m") is long && call.Peek(2, "dtype") is not null
            ? Made(call, 2, type => torch.eye(call.Integer(0, "n"), call.Integer(1, "m"), type))
            : Made(call, 1, type => torch.eye(call.Integer(0, "n"), dtype: type)), "eye");
        table.Add(call => Made(call, 1, type => FromValue(call, call.Value(0, "data"), type)), "tensor", "as_tensor");
        table.Add(call => Made(call, 1, type => torch.full([], call.Scalar(0, "s"), type ?? torch.ScalarType.Float32)), "scalar_tensor");
    }

    private static long[] Size(Operands call) => call.OptionalIntegers(0, "size") ?? throw call.Unsupported("without a size");

    // After what an operator takes of its own come element type, layout, device and whether memory is pinned, with names or without.
    private static Tensor Made(Operands call, int own, Func<torch.ScalarType?, Tensor> make, string? ignored = null)
    {
        torch.ScalarType? type = call.ElementType(own, "dtype");
        call.IgnoreFrom(own + 1);
        call.Ignore("layout", "device", "pin_memory", "requires_grad", "memory_format");
        if (ignored is not null)
            call.Value(0, ignored);
        return make(type);
    }

    // (end), (start, end) or (start, end, step), then the four of Made: seven at most.
    private static Tensor Range(Operands call)
    {
        int own = call.Count switch
        {
            1 or 5 => 1,
            2 or 6 => 2,
            3 or 7 => 3,
            _ => throw call.Unsupported($"with {call.Count} arguments"),
        };
        return Made(call, own, type => own switch
        {
            1 => torch.arange(call.Scalar(0, "end"), type),
            2 => torch.arange(call.Scalar(0, "start"), call.Scalar(1, "end"), type),
            _ => torch.arange(call.Scalar(0, "start"), call.Scalar(1, "end"), call.Scalar(2, "step"), type),
        });
    }

    private static torch.ScalarType TypeOf(object? value) => value switch
    {
        double => torch.ScalarType.Float32,
        bool => torch.ScalarType.Bool,
        _ => torch.ScalarType.Int64,
    };

    private static Tensor FromValue(Operands call, object? value, torch.ScalarType? type)
    {
        if (value is Tensor tensor)
            return type is { } wanted && wanted != tensor.dtype ? tensor.to(wanted) : tensor.alias();
        List<double> reals = [];
        List<long> integers = [];
        List<long> shape = [];
        object? first = null;
        Collect(value, 0);
        torch.ScalarType made = type ?? TypeOf(first);
        long[] extents = [.. shape];
        return first is double ? torch.tensor(reals.ToArray(), extents).to(made) : torch.tensor(integers.ToArray(), extents).to(made);

        void Collect(object? item, int depth)
        {
            if (item is List<object?> list)
            {
                if (shape.Count == depth)
                    shape.Add(list.Count);
                else if (shape[depth] != list.Count)
                    throw call.Unsupported("of a list of lists of several lengths");
                foreach (object? inner in list)
                    Collect(inner, depth + 1);
                return;
            }

            first ??= item;
            reals.Add(item is double real ? real : Operands.IntegerOf(item) ?? throw call.Unsupported("of this value"));
            integers.Add(Operands.IntegerOf(item) ?? 0);
        }
    }
}
