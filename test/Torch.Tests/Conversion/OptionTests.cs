using System.Globalization;
using CsCheck;
using Octet.Torch.Tests.Modules;

namespace Octet.Torch.Tests.Conversion;

/// <summary>Operators with options, over options drawn at random: each sample is one network of many outputs, for an input of [batch, 4, 6, 8].</summary>
public sealed class OptionTests
{
    private const string Input = "x=2,4,6,8";
    private const int CasesPerNetwork = 24;
    private const int Networks = 3;

    private static readonly Gen<long> Size = Gen.Long[1, 17];

    /// <summary>A factor that leaves at least one element of six.</summary>
    private static readonly Gen<string> Factor = Gen.OneOf(Gen.OneOfConst(0.25, 0.5, 1, 2, 3, 4), Gen.Double[0.3, 3]).Select(factor => factor.ToString("0.###", CultureInfo.InvariantCulture));

    [Fact]
    public void Interpolation_agrees_for_every_mode_size_and_scale() => Check("ResizeCases", Gen.Select(
        Gen.OneOfConst("Nearest", "NearestExact", "Linear", "Bilinear", "Bicubic", "Trilinear", "Area"), Gen.OneOfConst("0", "1"),
        Gen.OneOf(Size.Array[3].Select(sizes => $"size/{string.Join(",", sizes)}"), Gen.Select(Gen.OneOfConst("scale", "recomputed"), Factor.Array[3], (kind, factors) => $"{kind}/{string.Join(",", factors)}")),
        (mode, aligned, numbers) => $"{mode}/{aligned}/{numbers}"));

    [Fact]
    public void Padding_agrees_for_every_mode_and_axis() => Check("PadCases", Gen.OneOf(
        Gen.Select(Gen.OneOfConst("Reflect", "Circular"), Gen.Long[0, 5].Array[4], (mode, pad) => $"{mode}/{string.Join(",", pad)}/0"),
        Gen.Long[0, 9].Array[4].Select(pad => $"Replicate/{string.Join(",", pad)}/0"),
        Gen.Select(Gen.Int[1, 3], Gen.Long[-1, 4].Array[6], Gen.OneOfConst("0", "1.5", "-2"), (axes, pad, value) => $"Constant/{string.Join(",", pad[..(2 * axes)])}/{value}")));

    [Fact]
    public void Index_expressions_agree_for_every_combination_of_parts() => Check("ExpressionCases", Gen.Select(
        Part(4), Part(6), Part(8), Gen.OneOfConst("", "N,", "E,"), Gen.OneOfConst("", "/put"),
        (channels, rows, columns, extra, write) => write.Length > 0 ? $"::,{channels},{rows},{columns}{write}" : extra == "E," ? $"::,{channels},E,{columns}" : $"::,{channels},{extra}{rows},{columns}"));

    [Fact]
    public void Operators_along_axes_agree_for_every_axis() => Check("AxisCases", Gen.Select(
        Gen.OneOf(
            Gen.Select(Gen.OneOfConst("sum", "mean", "amax", "amin", "std", "var", "norm", "flip"), Gen.Shuffle(new long[] { 0, 1, 2, -1 }), Gen.Int[1, 3], (name, axes, count) => $"{name}/{string.Join(",", axes[..count])}"),
            Gen.Select(Gen.OneOfConst("max", "argmin", "logsumexp", "any", "softmax", "cumsum"), Gen.Long[-4, 3], (name, axis) => $"{name}/{axis}"),
            Gen.Select(Gen.OneOfConst("sort", "unsqueeze", "roll", "chunk", "select", "unfold", "glu"), Gen.OneOfConst(1L, 2, 3, -1, -2, -3), (name, axis) => $"{name}/{axis}")),
        Gen.OneOfConst("0", "1"), (axes, keep) => $"{axes}/{keep}"));

    [Fact]
    public void Recurrent_networks_agree_for_every_kind_and_option() => Check("RecurrentCases", Gen.Select(
        Gen.OneOfConst("LSTM", "GRU", "Tanh", "ReLU"), Gen.Int[1, 3], Gen.Int[1, 2], Gen.Int[0, 1], Gen.Int[0, 1], Gen.Int[0, 1],
        (kind, layers, directions, first, biased, initial) => $"{kind}/{layers}/{directions}/{first}/{biased}/{initial}"), "x=2,7,6");

    /// <summary>A part of an index expression for an axis of an extent.</summary>
    private static Gen<string> Part(int extent) => Gen.OneOf(
        Gen.Const("::"),
        Gen.Long[-extent, extent - 1].Select(index => index.ToString(CultureInfo.InvariantCulture)),
        Gen.Select(Gen.Long[0, extent - 1], Gen.Long[1, extent], Gen.Long[1, 3], (start, length, step) => string.Create(CultureInfo.InvariantCulture, $"{start}:{start + length}:{step}")),
        Gen.Long[1, extent].Select(back => string.Create(CultureInfo.InvariantCulture, $"-{back}::")),
        Gen.Int[0, extent - 1].Array[3].Select(positions => "t" + string.Concat(positions)));

    private static void Check(string type, Gen<string> option, string input = Input) => option.Array[CasesPerNetwork].Sample(
        options => Network.Export(new Network(type, [input], string.Join(';', options)))[0].AssertVerified(), iter: Networks, threads: 1);
}
