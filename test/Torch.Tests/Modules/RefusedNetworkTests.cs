using System.Collections.Immutable;

namespace Octet.Torch.Tests.Modules;

/// <summary>What cannot be exported, in one process.</summary>
public sealed class RefusedExports
{
    private static readonly ImmutableArray<Network> Networks =
    [
        .. new[] { "DataDependentBranch", "WriteThroughView", "NoisyNetwork", "AlwaysDropping", "UnmappedCall", "BatchDependentLoop", "BatchSizeAsNumber", "MaskedSelection", "ThrowingConstructor" }
            .Select(type => new Network(type, ["x=2,8"])),
        .. new[] { "antialias", "even_neighbours", "data_mask", "circular_crop", "one_hot", "split_batch", "roll_batch", "attention_dropout", "masked_values" }
            .Select(form => new Network("RefusedOption", ["x=2,4,6,8"], form)),
    ];

    private readonly Dictionary<string, NetworkExport> _exports = Networks.Zip(Network.Export(Networks)).ToDictionary(pair => pair.First.Arguments.FirstOrDefault(pair.First.Type), pair => pair.Second);

    public NetworkExport this[string name] => _exports[name];
}

public sealed class RefusedNetworkTests(RefusedExports exports) : IClassFixture<RefusedExports>
{
    [Theory]
    [InlineData("DataDependentBranch", "OCT2113", "THSTensor_data in DataDependentBranch")]
    [InlineData("WriteThroughView", "OCT2110", "THSTensor_add_scalar_ in WriteThroughView")]
    [InlineData("NoisyNetwork", "OCT2111", "THSTensor_rand_like")]
    [InlineData("AlwaysDropping", "OCT2109", "training=true")]
    [InlineData("UnmappedCall", "OCT2108", "THSTensor_digamma in UnmappedCall")]
    [InlineData("BatchDependentLoop", "OCT2112", "_linear (Linear)")]
    [InlineData("BatchSizeAsNumber", "OCT2112", "THSTensor_mul_scalar")]
    [InlineData("MaskedSelection", "OCT2108", "THSTensor_masked_select")]
    [InlineData("ThrowingConstructor", "OCT2105", "the vocabulary file is missing")]
    public void What_a_graph_cannot_say_is_refused_with_the_call_and_the_module(string network, string code, string text) => exports[network].AssertRefused(code, text);

    [Theory]
    [InlineData("antialias", "OCT2109", "with antialias")]
    [InlineData("even_neighbours", "OCT2109", "with an even size (2)")]
    [InlineData("data_mask", "OCT2109", "with a mask that is calculated")]
    [InlineData("circular_crop", "OCT2109", "that crops and continues circularly")]
    [InlineData("one_hot", "OCT2109", "without a number of classes")]
    [InlineData("split_batch", "OCT2112", "THSTensor_split_with_size")]
    [InlineData("roll_batch", "OCT2109", "along an axis whose extent depends on the batch size")]
    [InlineData("attention_dropout", "OCT2109", "with p other than 0")]
    [InlineData("masked_values", "OCT2108", "THSTensor_masked_select")]
    public void An_option_without_a_counterpart_is_refused_by_name(string form, string code, string text) => exports[form].AssertRefused(code, text);
}
