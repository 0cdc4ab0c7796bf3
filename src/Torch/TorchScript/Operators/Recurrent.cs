using TorchSharp;
using Modules = TorchSharp.Modules;
using Tensor = TorchSharp.torch.Tensor;

namespace Octet.Torch.TorchScript.Operators;

/// <summary>
/// Recurrent networks. TorchSharp has them as modules only, so one is made for the weights of a call, once: the weights of an archive do not change.
/// </summary>
internal sealed class Recurrent
{
    private readonly Dictionary<Tensor, torch.nn.Module> _modules = new(ReferenceEqualityComparer.Instance);

    public void Register(OperatorTable table)
    {
        table.Add(Lstm, "lstm");
        table.Add(Gru, "gru");
        table.Add(call => Elman(call, torch.nn.NonLinearities.Tanh), "rnn_tanh");
        table.Add(call => Elman(call, torch.nn.NonLinearities.ReLU), "rnn_relu");
    }

    private ScriptTuple Lstm(Operands call)
    {
        List<Tensor> states = call.Tensors(1, "hx");
        Form form = Read(call, gates: 4);
        var module = (Modules.LSTM)Module(form, () => torch.nn.LSTM(form.Input, form.Hidden, form.Layers, form.HasBiases, form.BatchFirst, 0, form.Bidirectional));
        (Tensor output, Tensor hidden, Tensor cell) = module.call(call.Tensor(0, "input"), (states[0], states[1]));
        return ScriptTuple.Of(output, hidden, cell);
    }

    private ScriptTuple Gru(Operands call)
    {
        Form form = Read(call, gates: 3);
        var module = (Modules.GRU)Module(form, () => torch.nn.GRU(form.Input, form.Hidden, form.Layers, form.HasBiases, form.BatchFirst, 0, form.Bidirectional));
        return Indexing.Pair(module.call(call.Tensor(0, "input"), call.Tensor(1, "hx")));
    }

    private ScriptTuple Elman(Operands call, torch.nn.NonLinearities function)
    {
        Form form = Read(call, gates: 1);
        var module = (Modules.RNN)Module(form, () => torch.nn.RNN(form.Input, form.Hidden, form.Layers, function, form.HasBiases, form.BatchFirst, 0, form.Bidirectional));
        return Indexing.Pair(module.call(call.Tensor(0, "input"), call.Tensor(1, "hx")));
    }

    // input, states, weights, has_biases, num_layers, dropout, train, bidirectional, batch_first.
    private static Form Read(Operands call, int gates)
    {
        if (call.Peek(3, "has_biases") is not bool)
            throw call.Unsupported("of packed sequences");
        var form = new Form([.. call.Tensors(2, "params")], call.Flag(3, "has_biases"), call.Integer(4, "num_layers"), call.Flag(7, "bidirectional"), call.Flag(8, "batch_first"), gates);
        if (call.Flag(6, "train") && call.Number(5, "dropout") > 0)
            throw call.Unsupported("with dropout, which is random");
        call.Number(5, "dropout");
        if (form.Weights.Length != form.Names.Count)
            throw call.Unsupported($"with {form.Weights.Length} weights instead of {form.Names.Count}, as of projections");
        return form;
    }

    private torch.nn.Module Module(Form form, Func<torch.nn.Module> make)
    {
        if (_modules.TryGetValue(form.Weights[0], out torch.nn.Module? known))
            return known;
        torch.nn.Module module = make();
        module.eval();
        using (torch.no_grad())
        {
            Dictionary<string, Tensor> state = module.state_dict();
            foreach ((string name, Tensor weight) in form.Names.Zip(form.Weights))
                state[name].copy_(weight);
        }

        _modules.Add(form.Weights[0], module);
        return module;
    }

    private sealed record Form(Tensor[] Weights, bool HasBiases, long Layers, bool Bidirectional, bool BatchFirst, int Gates)
    {
        public long Input => Weights[0].shape[1];

        public long Hidden => Weights[0].shape[0] / Gates;

        // The order in which libtorch takes them.
        public List<string> Names { get; } =
        [
            .. from layer in Enumerable.Range(0, (int)Math.Min(Layers, 1000))
               from direction in Bidirectional ? new[] { "", "_reverse" } : [""]
               from kind in HasBiases ? new[] { "weight_ih", "weight_hh", "bias_ih", "bias_hh" } : ["weight_ih", "weight_hh"]
               select $"{kind}_l{layer}{direction}",
        ];
    }
}
