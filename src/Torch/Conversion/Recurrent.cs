using System.Collections.Immutable;
using Google.Protobuf;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Conversion;

/// <summary>
/// Recurrent modules, each one native call, as ONNX's LSTM, GRU and RNN: one node a layer, both directions in one node. The gates lie in another order:
/// torch has i, f, g, o and r, z, n; ONNX has i, o, f, c and z, r, h. States are [layers * directions, batch, hidden] in both.
/// </summary>
internal static class Recurrent
{
    /// <summary>What a kind of recurrent network is in both worlds.</summary>
    /// <param name="Operator">ONNX's operator.</param>
    /// <param name="Gates">For each gate in ONNX's order, its place in torch's.</param>
    /// <param name="States">The names of the initial states in the native calls.</param>
    private sealed record Kind(string Operator, ImmutableArray<int> Gates, ImmutableArray<string> States);

    private static readonly Kind Lstm = new("LSTM", [0, 3, 1, 2], ["h_0", "c_0"]);
    private static readonly Kind Gru = new("GRU", [1, 0, 2], ["h_0"]);
    private static readonly Kind Elman = new("RNN", [0], ["h_0"]);

    public static void Register(ConversionTable table)
    {
        foreach (Kind kind in new[] { Lstm, Gru, Elman })
        {
            table.Add(call => Network(call, kind), $"THSNN_{kind.Operator}_forward");
            table.Add(call => Cell(call, kind), $"THSNN_{kind.Operator}Cell_forward");
        }
    }

    private static void Network(ConversionContext call, Kind kind)
    {
        NativeModule module = call.Module("module");
        TracedTensor input = call.Tensor("input");
        if (input.Rank != 3)
            throw call.Unsupported("with an input without a batch");
        bool batchFirst = module.Flag("batchFirst"), bidirectional = module.Flag("bidirectional");
        int directions = bidirectional ? 2 : 1;
        int layers = (int)module.Integer("num_layers");
        ImmutableArray<string> initial = [.. kind.States.Select(name => call.OptionalTensor(name) is { } state ? call.Value(state) : "")];

        string sequence = batchFirst ? call.Transpose(call.Value(input), 1, 0, 2) : call.Value(input);
        List<string>[] final = [.. kind.States.Select(_ => new List<string>())];
        for (int layer = 0; layer < layers; layer++)
        {
            ImmutableArray<string> suffixes = bidirectional ? [$"_l{layer}", $"_l{layer}_reverse"] : [$"_l{layer}"];
            ImmutableArray<string> start = [.. initial.Select(state => state.Length == 0 || layers == 1 ? state : call.Slice(state, 0, layer * directions, (layer + 1) * directions))];
            ImmutableArray<string> outputs = Layer(call, kind, module, suffixes, sequence, start);
            // [steps, directions, batch, hidden] to [steps, batch, directions * hidden].
            sequence = directions == 1
                ? call.Squeeze(outputs[0], 1)
                : call.Add("Reshape", [call.Transpose(outputs[0], 0, 2, 1, 3), call.Integers(0, 0, -1)]);
            for (int i = 0; i < final.Length; i++)
                final[i].Add(outputs[i + 1]);
        }
        call.Return(batchFirst ? call.Transpose(sequence, 1, 0, 2) : sequence);
        for (int i = 0; i < final.Length; i++)
            call.Return(call.Concat(final[i], 0), i + 1);
    }

    /// <summary>A cell is a network that makes one step.</summary>
    private static void Cell(ConversionContext call, Kind kind)
    {
        TracedTensor input = call.Tensor("input");
        if (input.Rank != 2)
            throw call.Unsupported("with an input without a batch");
        ImmutableArray<string> start = [.. kind.States.Select(name => call.OptionalTensor(name) is { } state ? call.Unsqueeze(call.Value(state), 0) : "")];
        ImmutableArray<string> outputs = Layer(call, kind, call.Module("module"), [""], call.Unsqueeze(call.Value(input), 0), start);
        for (int i = 0; i < kind.States.Length; i++)
            call.Return(call.Squeeze(outputs[i + 1], 0), i);
    }

    private static ImmutableArray<string> Layer(ConversionContext call, Kind kind, NativeModule module, ImmutableArray<string> suffixes, string input, ImmutableArray<string> start)
    {
        TracedTensor recurrence = module.Parameter("weight_hh" + suffixes[0]);
        torch.ScalarType type = recurrence.ElementType;
        long hidden = recurrence.Shape[1].First, gates = kind.Gates.Length * hidden;
        string bias = module.OptionalParameter("bias_ih" + suffixes[0]) is null
            ? ""
            : call.Constant(type, [suffixes.Length, 2 * gates], Joined(suffixes.SelectMany(suffix => new[] { Reordered("bias_ih" + suffix), Reordered("bias_hh" + suffix) })));

        List<AttributeProto> attributes = [Nodes.Attribute("hidden_size", hidden)];
        if (suffixes.Length == 2)
            attributes.Add(Nodes.Attribute("direction", "bidirectional"));
        // Torch multiplies before it resets.
        if (kind == Gru)
            attributes.Add(Nodes.Attribute("linear_before_reset", 1L));
        if (kind == Elman && module.Integer("nonlinearity") == 0)
        {
            AttributeProto activations = new() { Name = "activations", Type = AttributeProto.Types.AttributeType.Strings };
            activations.Strings.AddRange(suffixes.Select(_ => ByteString.CopyFromUtf8("Relu")));
            attributes.Add(activations);
        }

        return call.AddMany(kind.Operator, 1 + kind.States.Length, [input, Weights("weight_ih"), Weights("weight_hh"), bias, "", .. start], [.. attributes]);

        string Weights(string name) => call.Constant(type, [suffixes.Length, gates, module.Parameter(name + suffixes[0]).Shape[1].First],
            Joined(suffixes.Select(suffix => Reordered(name + suffix))));

        byte[] Reordered(string name)
        {
            ReadOnlySpan<byte> data = call.Data(module.Parameter(name));
            int gate = data.Length / kind.Gates.Length;
            byte[] reordered = new byte[data.Length];
            for (int i = 0; i < kind.Gates.Length; i++)
                data.Slice(kind.Gates[i] * gate, gate).CopyTo(reordered.AsSpan(i * gate));
            return reordered;
        }
    }

    private static byte[] Joined(IEnumerable<byte[]> parts) => [.. parts.SelectMany(part => part)];
}
