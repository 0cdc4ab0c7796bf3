using System.Collections.Immutable;
using Octet.Quantization.Onnx;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Conversion;

/// <summary>Products of tensors over any of their axes, and sums with them.</summary>
internal static class Matrices
{
    public static void Register(ConversionTable table)
    {
        table.Add(call => call.Return(call.MatMul(call.Value("tensor"), call.Value("target"))), "THSTensor_vdot");
        table.Add(call => Weighted(call, call.MatMul(call.Value("mat1"), call.Value("vec2"))), "THSTensor_addmv");
        table.Add(call => Weighted(call, Outer(call, call.Value("mat1"), call.Value("vec2"))), "THSTensor_addr");
        table.Add(call => Weighted(call, Reductions.Reduce(call, "ReduceSum", call.MatMul(call.Value("batch1"), call.Value("batch2")), [0], keep: false)), "THSTensor_addbmm");
        table.Add(call => call.Return(Outer(call, call.Value("input"), call.Value("vec2"))), "THSTensor_outer");
        table.Add(Inner, "THSTensor_inner");
        table.Add(call => call.Return(Einsum(call, call.Text("location")!.Replace(" ", "", StringComparison.Ordinal), [.. call.Tensors("tensors").Select(call.Value)])), "THSTensor_einsum");
        table.Add(TensorDot, "THSLinalg_tensordot");
        table.Add(Bilinear, "THSNN_functional_bilinear");
    }

    /// <summary>beta * mat + alpha * product.</summary>
    private static void Weighted(ConversionContext call, string product)
    {
        torch.ScalarType type = call.Result().ElementType;
        call.Return(call.Sum(call.Scaled(call.Value("mat"), call.Number("beta"), type), call.Scaled(product, call.Number("alpha"), type)));
    }

    private static string Outer(ConversionContext call, string column, string row) => call.Product(call.Unsqueeze(column, 1), call.Unsqueeze(row, 0));

    /// <summary>Over the last axis of both.</summary>
    private static void Inner(ConversionContext call)
    {
        TracedTensor left = call.Tensor("input"), right = call.Tensor("vec2");
        if (left.Rank == 0 || right.Rank == 0)
        {
            call.Return(call.Product(call.Value(left), call.Value(right)));
            return;
        }
        string summed = Letters(0, 1), ofLeft = Letters(1, left.Rank - 1), ofRight = Letters(left.Rank, right.Rank - 1);
        call.Return(Einsum(call, $"{ofLeft}{summed},{ofRight}{summed}->{ofLeft}{ofRight}", [call.Value(left), call.Value(right)]));
    }

    private static void TensorDot(ConversionContext call)
    {
        TracedTensor left = call.Tensor("input1"), right = call.Tensor("input2");
        ImmutableArray<int> summedLeft = [.. call.Integers("dims1").Select(axis => left.Axis(axis))], summedRight = [.. call.Integers("dims2").Select(axis => right.Axis(axis))];
        char[] ofLeft = Letters(0, left.Rank).ToCharArray(), ofRight = Letters(left.Rank, right.Rank).ToCharArray();
        for (int i = 0; i < summedLeft.Length; i++)
            ofRight[summedRight[i]] = ofLeft[summedLeft[i]];
        string kept = string.Concat(ofLeft.Where((_, axis) => !summedLeft.Contains(axis)).Concat(ofRight.Where((_, axis) => !summedRight.Contains(axis))));
        call.Return(Einsum(call, $"{new string(ofLeft)},{new string(ofRight)}->{kept}", [call.Value(left), call.Value(right)]));
    }

    /// <summary>x1 W x2 + b, over the last axes.</summary>
    private static void Bilinear(ConversionContext call)
    {
        string batch = Letters(3, call.Tensor("input1").Rank - 1);
        string product = Einsum(call, $"{batch}b,abc->{batch}ac", [call.Value("input1"), call.Value("weights")]);
        product = Einsum(call, $"{batch}ac,{batch}c->{batch}a", [product, call.Value("input2")]);
        call.Return(call.OptionalTensor("bias") is { } bias ? call.Sum(product, call.Value(bias)) : product);
    }

    private static string Einsum(ConversionContext call, string equation, ImmutableArray<string> operands) => call.Add("Einsum", operands, Nodes.Attribute("equation", equation));

    private static string Letters(int first, int count) => string.Concat(Enumerable.Range(first, count).Select(i => (char)('a' + i)));
}
