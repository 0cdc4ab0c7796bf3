using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchModules;

/// <summary>Attention by hand: queries, keys and values from one product, split into heads, with an additive causal mask.</summary>
public sealed class SelfAttention : Module<Tensor, Tensor>
{
    private readonly Linear _qkv;
    private readonly Linear _output;
    private readonly int _heads;
    private readonly bool _causal;

    public SelfAttention(int width, int heads, bool causal) : base(nameof(SelfAttention))
    {
        _heads = heads;
        _causal = causal;
        _qkv = Linear(width, 3 * width);
        _output = Linear(width, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        (long batch, long steps, long width) = (x.shape[0], x.shape[1], x.shape[2]);
        Tensor[] qkv = _qkv.forward(x).view(batch, steps, 3, _heads, width / _heads).permute(2, 0, 3, 1, 4).unbind(0);
        Tensor scores = matmul(qkv[0], qkv[1].transpose(-2, -1)) / Math.Sqrt(width / _heads);
        if (_causal)
            scores = scores.masked_fill(ones(steps, steps).tril() == 0, double.NegativeInfinity);
        Tensor mixed = matmul(functional.softmax(scores, -1), qkv[2]);
        return _output.forward(mixed.transpose(1, 2).contiguous().view(batch, steps, width));
    }
}

/// <summary>Attention and a two-layer network, each behind a normalization, each added.</summary>
public sealed class PreNormalizedLayer : Module<Tensor, Tensor>
{
    private readonly LayerNorm _norm1;
    private readonly SelfAttention _attention;
    private readonly LayerNorm _norm2;
    private readonly Sequential _network;

    public PreNormalizedLayer(int width, int heads, bool causal) : base(nameof(PreNormalizedLayer))
    {
        _norm1 = LayerNorm(width);
        _attention = new(width, heads, causal);
        _norm2 = LayerNorm(width);
        _network = Sequential(("expand", Linear(width, 4 * width)), ("gelu", GELU()), ("dropout", Dropout(0.1)), ("reduce", Linear(4 * width, width)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        x = x + _attention.forward(_norm1.forward(x));
        return x + _network.forward(_norm2.forward(x));
    }
}

/// <summary>Tokens of a vocabulary of 20 to the next token's logits: embeddings, positions made in forward, a causal mask.</summary>
public sealed class LanguageModel : Module<Tensor, Tensor>
{
    private readonly Embedding _tokens = Embedding(20, 16);
    private readonly Embedding _positions = Embedding(32, 16);
    private readonly Sequential _layers = Sequential(("0", new PreNormalizedLayer(16, 4, causal: true)), ("1", new PreNormalizedLayer(16, 2, causal: true)));
    private readonly LayerNorm _norm = LayerNorm(16);
    private readonly Linear _head = Linear(16, 20, hasBias: false);

    public LanguageModel() : base(nameof(LanguageModel)) => RegisterComponents();

    public override Tensor forward(Tensor tokens)
    {
        Tensor x = _tokens.forward(tokens) + _positions.forward(arange(tokens.shape[1], int64));
        return _head.forward(_norm.forward(_layers.forward(x)));
    }
}

/// <summary>An image in patches, a class token before them, learned positions.</summary>
public sealed class VisionTransformer : Module<Tensor, Tensor>
{
    private readonly Conv2d _patches = Conv2d(3, 16, 8, stride: 8);
    private readonly Parameter _classToken = Parameter(randn(1, 1, 16));
    private readonly Parameter _positions = Parameter(randn(1, 17, 16));
    private readonly Sequential _layers = Sequential(("0", new PreNormalizedLayer(16, 4, causal: false)));
    private readonly LayerNorm _norm = LayerNorm(16);
    private readonly Linear _head = Linear(16, 10);

    public VisionTransformer() : base(nameof(VisionTransformer)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        Tensor patches = _patches.forward(x).flatten(2).transpose(1, 2);
        Tensor sequence = cat([_classToken.expand(x.shape[0], -1, -1), patches], 1) + _positions;
        return _head.forward(_norm.forward(_layers.forward(sequence))[TensorIndex.Colon, 0]);
    }
}

/// <summary>TorchSharp's own encoder; it takes [steps, batch, width], and one native call does it all.</summary>
public sealed class EncoderNetwork : Module<Tensor, Tensor>
{
    private readonly TransformerEncoder _encoder = TransformerEncoder(TransformerEncoderLayer(16, 4, 32, 0.1, Activations.GELU), 2);
    private readonly Linear _head = Linear(16, 5);

    public EncoderNetwork() : base(nameof(EncoderNetwork)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        Tensor encoded = _encoder.call(x.transpose(0, 1));
        return _head.forward(encoded.transpose(0, 1).mean([1]));
    }
}

/// <summary>TorchSharp's encoder layer with masks: an additive one for order, one that hides padding, from the tokens themselves.</summary>
public sealed class MaskedEncoderNetwork : Module<Tensor, Tensor>
{
    private readonly Embedding _tokens = Embedding(20, 16, padding_idx: 0);
    private readonly TransformerEncoderLayer _layer = TransformerEncoderLayer(16, 2, 32, 0.0, Activations.ReLU);

    public MaskedEncoderNetwork() : base(nameof(MaskedEncoderNetwork)) => RegisterComponents();

    public override Tensor forward(Tensor tokens)
    {
        long steps = tokens.shape[1];
        Tensor causal = full([steps, steps], double.NegativeInfinity, float32).triu(1);
        // The first step is never hidden: a row of which all is hidden has no softmax.
        Tensor hidden = tokens.eq(0).logical_and(arange(steps, int64).unsqueeze(0) > 0);
        return _layer.call(_tokens.forward(tokens).transpose(0, 1), causal, hidden).transpose(0, 1);
    }
}

/// <summary>An encoder and a decoder over two sequences.</summary>
public sealed class TranslationNetwork : Module<Tensor, Tensor, Tensor>
{
    private readonly Transformer _transformer = Transformer(16, 4, 1, 2, 32, 0.1);

    public TranslationNetwork() : base(nameof(TranslationNetwork)) => RegisterComponents();

    public override Tensor forward(Tensor source, Tensor target) => _transformer.forward(source.transpose(0, 1), target.transpose(0, 1)).transpose(0, 1);
}

/// <summary>A decoder alone, with a causal mask, over a memory that is an input.</summary>
public sealed class DecoderNetwork : Module<Tensor, Tensor, Tensor>
{
    private readonly TransformerDecoder _decoder = TransformerDecoder(TransformerDecoderLayer(16, 4, 32, 0.0, Activations.GELU), 2);

    public DecoderNetwork() : base(nameof(DecoderNetwork)) => RegisterComponents();

    public override Tensor forward(Tensor target, Tensor memory)
    {
        long steps = target.shape[1];
        Tensor mask = full([steps, steps], double.NegativeInfinity, float32).triu(1);
        return _decoder.call(target.transpose(0, 1), memory.transpose(0, 1), mask).transpose(0, 1);
    }
}

/// <summary>TorchSharp's multi-head attention across two sequences; the weights are an output too.</summary>
public sealed class CrossAttentionNetwork : Module<Tensor, Tensor, (Tensor, Tensor)>
{
    private readonly MultiheadAttention _attention = MultiheadAttention(16, 4, kdim: 12, vdim: 12);

    public CrossAttentionNetwork() : base(nameof(CrossAttentionNetwork)) => RegisterComponents();

    public override (Tensor, Tensor) forward(Tensor query, Tensor memory)
    {
        Tensor keys = memory.transpose(0, 1);
        (Tensor output, Tensor weights) = _attention.call(query.transpose(0, 1), keys, keys);
        return (output.transpose(0, 1), weights);
    }
}

/// <summary>The functional form, causal and with a mask that is an input.</summary>
public sealed class ScaledAttentionNetwork : Module<Tensor, Tensor, Tensor>
{
    private readonly Linear _queries = Linear(16, 16);
    private readonly Linear _keys = Linear(16, 16);
    private readonly Linear _values = Linear(16, 16, hasBias: false);

    public ScaledAttentionNetwork() : base(nameof(ScaledAttentionNetwork)) => RegisterComponents();

    public override Tensor forward(Tensor x, Tensor visible)
    {
        Tensor query = Heads(_queries.forward(x)), key = Heads(_keys.forward(x)), value = Heads(_values.forward(x));
        Tensor causal = functional.scaled_dot_product_attention(query, key, value, is_casual: true);
        Tensor masked = functional.scaled_dot_product_attention(query, key, value, attn_mask: visible.unsqueeze(1).unsqueeze(1));
        return (causal + masked).transpose(1, 2).flatten(2);

        static Tensor Heads(Tensor projected) => projected.unflatten(2, [4, 4]).transpose(1, 2);
    }
}
