using System.Collections.Immutable;

namespace Octet.Torch.Tests.Modules;

/// <summary>All networks of TorchModules, exported in one process.</summary>
public sealed class ExportedNetworks
{
    private const string Image = "x=2,3,32,32";
    private const string Sequence = "x=2,7,6";

    private static readonly ImmutableArray<Network> Networks =
    [
        new("ResidualNetwork", [Image]),
        new("BottleneckNetwork", [Image]),
        new("PreActivationNetwork", [Image]),
        new("MobileNetworkV2", [Image]),
        new("MobileNetworkV3", [Image]),
        new("InceptionNetwork", [Image]),
        new("DenseNetwork", [Image]),
        new("SegmentationNetwork", [Image]),
        new("SuperResolutionNetwork", ["x=2,1,32,32"]),
        new("LongShortTermMemoryNetwork", [Sequence]),
        new("StatefulNetwork", [Sequence, "hidden=2,5", "cell=2,5"]),
        new("GatedRecurrentNetwork", [Sequence]),
        new("ElmanNetwork", [Sequence]),
        new("CellNetwork", [Sequence]),
        new("LanguageModel", ["tokens:Int64=2,9"]),
        new("VisionTransformer", [Image]),
        new("EncoderNetwork", ["x=2,7,16"]),
        new("MaskedEncoderNetwork", ["tokens:Int64=2,9"]),
        new("TranslationNetwork", ["source=2,7,16", "target=2,5,16"]),
        new("DecoderNetwork", ["target=2,7,16", "memory=2,5,16"]),
        new("CrossAttentionNetwork", ["query=2,7,16", "memory=2,5,12"]),
        new("ScaledAttentionNetwork", ["x=2,7,16", "visible=2,7"]),
        new("RecommendationNetwork", ["users:Int64=2", "items:Int64=2,5", "features=2,4"]),
        new("InPlaceNetwork", [Image]),
        new("IndexingNetwork", ["x=2,4,6,8"]),
        new("ConstantsNetwork", ["x=2,5,8"]),
        new("WritingNetwork", ["x=2,6,8"]),
    ];

    private readonly Dictionary<string, NetworkExport> _exports = Networks.Zip(Network.Export(Networks)).ToDictionary(pair => pair.First.Type, pair => pair.Second);

    public static TheoryData<string> Names => [.. Networks.Select(network => network.Type)];

    public NetworkExport this[string type] => _exports[type];
}

public sealed class NetworkTests(ExportedNetworks networks) : IClassFixture<ExportedNetworks>
{
    public static TheoryData<string> Names => ExportedNetworks.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void A_network_exports_and_agrees_with_TorchSharp_at_every_batch_size(string network) => networks[network].AssertVerified();

    [Fact]
    public void Recurrent_layers_are_one_node_each()
    {
        Assert.Equal(2, networks["LongShortTermMemoryNetwork"].Count("LSTM"));
        Assert.Equal(2, networks["GatedRecurrentNetwork"].Count("GRU"));
        Assert.Equal(3, networks["ElmanNetwork"].Count("RNN"));
    }

    [Fact]
    public void Attention_of_a_native_module_is_written_as_products_that_can_be_quantized()
    {
        // Of each of two layers: query, key and value, two products of attention, its output, and two of the feed-forward network; and the head.
        Assert.Equal(2 * 8, networks["EncoderNetwork"].Count("MatMul"));
        Assert.Equal(1, networks["EncoderNetwork"].Count("Gemm"));
        Assert.Equal(4, networks["EncoderNetwork"].Count("LayerNormalization"));
    }

    [Fact]
    public void Dropout_leaves_no_node() => Assert.Equal(0, networks["BottleneckNetwork"].Count("Dropout"));

    [Fact]
    public void Nothing_in_the_graph_has_the_traced_batch_size()
    {
        foreach (string network in new[] { "ResidualNetwork", "VisionTransformer", "GatedRecurrentNetwork", "TranslationNetwork" })
            Assert.All(networks[network].Model!.Graph.Input.Concat(networks[network].Model!.Graph.Output), value => Assert.Equal("batch", value.Type.TensorType.Shape.Dim[0].DimParam));
    }
}
