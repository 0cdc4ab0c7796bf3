using Octet.Quantization.Onnx;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Conversion;

/// <summary>
/// Attention, functional and as modules. TorchSharp's modules are one native call each, over [steps, batch, width]; here they become the products and
/// normalizations that they are made of, so that each can be quantized.
/// </summary>
internal static class Attention
{
    /// <summary>libtorch's layers normalize with this epsilon; their constructors take no other.</summary>
    private const float Epsilon = 1e-5f;

    public static void Register(ConversionTable table)
    {
        table.Add(ScaledDotProduct, "THSNN_scaled_dot_product_attention");
        table.Add(MultiHead, "THSNN_MultiheadAttention_forward");
        table.Add(call => call.Return(new Layers(call, call.Module("module")).EncoderLayer("", call.Value("src"), Mask.Of(call, "src_mask"), Mask.Of(call, "src_key_padding_mask"))),
            "THSNN_TransformerEncoderLayer_forward");
        table.Add(call => call.Return(new Layers(call, call.Module("module").Given("encoder_layer"), call.Module("module"))
            .Encoder("", call.Value("src"), Mask.Of(call, "src_mask"), Mask.Of(call, "src_key_padding_mask"))), "THSNN_TransformerEncoder_forward");
        table.Add(call => call.Return(new Layers(call, call.Module("module")).DecoderLayer("", call.Value("tgt"), call.Value("memory"), DecoderMasks.Of(call))),
            "THSNN_TransformerDecoderLayer_forward");
        table.Add(call => call.Return(new Layers(call, call.Module("module").Given("decoder_layer"), call.Module("module"))
            .Decoder("", call.Value("tgt"), call.Value("memory"), DecoderMasks.Of(call))), "THSNN_TransformerDecoder_forward");
        table.Add(EncoderAndDecoder, "THSNN_Transformer_forward");
    }

    /// <summary>softmax(q k^T / sqrt(width of a head) + mask) v.</summary>
    private static void ScaledDotProduct(ConversionContext call)
    {
        if (call.Number("p") != 0)
            throw call.Unsupported("with p other than 0: it drops out whatever mode the module is in");
        TracedTensor query = call.Tensor("query"), key = call.Tensor("key"), value = call.Tensor("value");
        torch.ScalarType type = query.ElementType;
        string scaled = call.Scaled(call.Value(query), 1 / Math.Sqrt(call.FixedExtent(query, -1)), type);
        string scores = call.MatMul(scaled, call.Transpose(call.Value(key), Operators.Exchanged(key.Rank, key.Rank - 2, key.Rank - 1)));
        if (call.Flag("casual"))
            scores = call.Sum(scores, CausalMask(call, call.FixedExtent(query, -2), call.FixedExtent(key, -2), type));
        // Of the functional form, a mask says what may be seen.
        if (call.OptionalTensor("attention_mask") is { } mask)
            scores = mask.IsBoolean() ? call.Where(call.Value(mask), scores, call.Constant(type, double.NegativeInfinity)) : call.Sum(scores, call.Value(mask, type));
        call.Return(call.MatMul(call.Softmax(scores, -1), call.Value(value)));
    }

    private static string CausalMask(ConversionContext call, long rows, long columns, torch.ScalarType type)
    {
        float[] mask = new float[rows * columns];
        for (long row = 0; row < rows; row++)
            for (long column = row + 1; column < columns; column++)
                mask[row * columns + column] = float.NegativeInfinity;
        return call.Cast(call.Floats([rows, columns], mask), torch.ScalarType.Float32, type);
    }

    private static void MultiHead(ConversionContext call)
    {
        NativeModule module = call.Module("module");
        if (module.Flag("add_zero_attn"))
            throw call.Unsupported("with add_zero_attn");
        (string output, string weights) = new Layers(call, module).MultiHead("", call.Value("query"), call.Value("key"), call.Value("value"), Mask.Of(call, "attn_mask"), Mask.Of(call, "key_padding_mask"), module.Integer("num_heads"));
        call.Return(output);
        if (call.Flag("need_weights"))
            call.Return(Reductions.Reduce(call, "ReduceMean", weights, [1], keep: false), 1);
    }

    private static void EncoderAndDecoder(ConversionContext call)
    {
        Layers layers = new(call, call.Module("module"));
        string memory = layers.Encoder("encoder.", call.Value("src"), Mask.Of(call, "src_mask"), Mask.Of(call, "src_key_padding_mask"));
        call.Return(layers.Decoder("decoder.", call.Value("tgt"), memory, DecoderMasks.Of(call)));
    }

    /// <summary>What attention may not see: what is true, or what has a number added to its score.</summary>
    private sealed record Mask(TracedTensor Tensor, string Value)
    {
        internal static Mask? Of(ConversionContext call, string parameter) => call.OptionalTensor(parameter) is { } tensor ? new(tensor, call.Value(tensor)) : null;
    }

    /// <summary>What a decoder may not see: by order and by padding.</summary>
    private sealed record DecoderMasks(Mask? Target, Mask? Memory, Mask? TargetPadding, Mask? MemoryPadding)
    {
        internal static DecoderMasks Of(ConversionContext call) =>
            new(Mask.Of(call, "tgt_mask"), Mask.Of(call, "memory_mask"), Mask.Of(call, "tgt_key_padding_mask"), Mask.Of(call, "memory_key_padding_mask"));
    }

    /// <summary>The layers of a module, whose parameters carry paths such as <c>layers.0.self_attn.in_proj_weight</c>.</summary>
    /// <param name="call">The conversion.</param>
    /// <param name="layer">The module whose constructor says how a layer is: number of heads and activation.</param>
    /// <param name="module">The module that has the parameters.</param>
    private sealed class Layers(ConversionContext call, NativeModule layer, NativeModule module)
    {
        internal Layers(ConversionContext call, NativeModule module)
            : this(call, module, module)
        {
        }

        internal string Encoder(string path, string source, Mask? mask, Mask? padding)
        {
            for (int i = 0; Has($"{path}layers.{i}.linear1.weight"); i++)
                source = EncoderLayer($"{path}layers.{i}.", source, mask, padding);
            return Has(path + "norm.weight") ? Normalized(path + "norm.", source) : source;
        }

        internal string EncoderLayer(string path, string source, Mask? mask, Mask? padding)
        {
            string attended = MultiHead(path + "self_attn.", source, source, source, mask, padding, layer.Integer("nhead")).Output;
            string x = Normalized(path + "norm1.", call.Sum(source, attended));
            return Normalized(path + "norm2.", call.Sum(x, FeedForward(path, x)));
        }

        internal string Decoder(string path, string target, string memory, DecoderMasks masks)
        {
            for (int i = 0; Has($"{path}layers.{i}.linear1.weight"); i++)
                target = DecoderLayer($"{path}layers.{i}.", target, memory, masks);
            return Has(path + "norm.weight") ? Normalized(path + "norm.", target) : target;
        }

        internal string DecoderLayer(string path, string target, string memory, DecoderMasks masks)
        {
            long heads = layer.Integer("nhead");
            string x = Normalized(path + "norm1.", call.Sum(target, MultiHead(path + "self_attn.", target, target, target, masks.Target, masks.TargetPadding, heads).Output));
            x = Normalized(path + "norm2.", call.Sum(x, MultiHead(path + "multihead_attn.", x, memory, memory, masks.Memory, masks.MemoryPadding, heads).Output));
            return Normalized(path + "norm3.", call.Sum(x, FeedForward(path, x)));
        }

        /// <summary>Attention in several heads: one matrix for query, key and value where their widths are equal, three otherwise.</summary>
        /// <returns>The output as [steps, batch, width], and the weights as [batch, heads, steps, steps of the keys].</returns>
        internal (string Output, string Weights) MultiHead(string path, string query, string key, string value, Mask? mask, Mask? padding, long heads)
        {
            if (Has(path + "bias_k"))
                throw call.Unsupported("with add_bias_kv");
            TracedTensor output = module.Parameter(path + "out_proj.weight");
            torch.ScalarType type = output.ElementType;
            long width = output.Shape[0].First, head = width / heads;
            string q = Heads(call.Scaled(Projected(query, 0), 1 / Math.Sqrt(head), type), 1, 2, 0, 3);
            string k = Heads(Projected(key, 1), 1, 2, 3, 0);
            string v = Heads(Projected(value, 2), 1, 2, 0, 3);

            string scores = call.MatMul(q, k);
            if (mask is { Tensor.Rank: 3 })
            {
                // One for each head of each input: [batch * heads, steps, steps of the keys].
                scores = Hidden(scores, mask, call.Add("Reshape", [mask.Value, call.Integers(-1, heads, call.FixedExtent(mask.Tensor, 1), call.FixedExtent(mask.Tensor, 2))]));
            }
            else if (mask is not null)
            {
                scores = Hidden(scores, mask, mask.Value);
            }
            if (padding is not null)
                scores = Hidden(scores, padding, call.Unsqueeze(padding.Value, 1, 2));

            string weights = call.Softmax(scores, -1);
            string mixed = call.Add("Reshape", [call.Transpose(call.MatMul(weights, v), 2, 0, 1, 3), call.Integers(0, 0, width)]);
            return (Linear(path + "out_proj.", mixed), weights);

            string Heads(string projected, params ReadOnlySpan<long> order) => call.Transpose(call.Add("Reshape", [projected, call.Integers(0, 0, heads, head)]), order);

            string Projected(string input, int part)
            {
                string weight = module.OptionalParameter(path + "in_proj_weight") is { } joint
                    ? call.TransposedRows(joint, part * width, width)
                    : call.TransposedRows(module.Parameter($"{path}{"qkv"[part]}_proj_weight"), 0, width);
                string product = call.MatMul(input, weight);
                return module.OptionalParameter(path + "in_proj_bias") is { } bias ? call.Sum(product, call.Elements(bias, part * width, width)) : product;
            }

            string Hidden(string shown, Mask by, string fitting) =>
                by.Tensor.IsBoolean() ? call.Where(fitting, call.Constant(type, double.NegativeInfinity), shown) : call.Sum(shown, call.Cast(fitting, by.Tensor.ElementType, type));
        }

        private string FeedForward(string path, string x)
        {
            string hidden = Linear(path + "linear1.", x);
            torch.ScalarType type = module.Parameter(path + "linear1.weight").ElementType;
            return Linear(path + "linear2.", layer.Integer("activation") == 0 ? call.Add("Relu", [hidden]) : Activations.Gelu(call, hidden, type, approximate: false));
        }

        private string Linear(string path, string x)
        {
            TracedTensor weight = module.Parameter(path + "weight");
            string product = call.MatMul(x, call.TransposedRows(weight, 0, weight.Shape[0].First));
            return module.OptionalParameter(path + "bias") is { } bias ? call.Sum(product, call.Value(bias)) : product;
        }

        private string Normalized(string path, string x) => call.Add("LayerNormalization", [x, call.Value(module.Parameter(path + "weight")), call.Value(module.Parameter(path + "bias"))],
            Nodes.Attribute("axis", -1L), Nodes.Attribute("epsilon", Epsilon));

        private bool Has(string name) => module.OptionalParameter(name) is not null;
    }
}
