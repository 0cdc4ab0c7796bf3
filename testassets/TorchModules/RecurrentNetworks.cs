using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchModules;

/// <summary>Two layers in both directions over batches of sequences of 6 features; the last step is classified.</summary>
public sealed class LongShortTermMemoryNetwork : Module<Tensor, Tensor>
{
    private readonly LSTM _lstm = LSTM(6, 5, numLayers: 2, batchFirst: true, bidirectional: true);
    private readonly Linear _classifier = Linear(10, 4);

    public LongShortTermMemoryNetwork() : base(nameof(LongShortTermMemoryNetwork)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        (Tensor output, _, _) = _lstm.forward(x);
        return _classifier.forward(output[TensorIndex.Colon, -1]);
    }
}

/// <summary>Initial states are inputs, final states outputs: a model that is called step by step.</summary>
public sealed class StatefulNetwork : Module<Tensor, Tensor, Tensor, (Tensor, Tensor, Tensor)>
{
    private readonly LSTM _lstm = LSTM(6, 5, batchFirst: true);

    public StatefulNetwork() : base(nameof(StatefulNetwork)) => RegisterComponents();

    /// <summary>The states are [batch, 5]; TorchSharp wants [layers, batch, 5].</summary>
    public override (Tensor, Tensor, Tensor) forward(Tensor x, Tensor hidden, Tensor cell)
    {
        (Tensor output, Tensor h, Tensor c) = _lstm.forward(x, (hidden.unsqueeze(0), cell.unsqueeze(0)));
        return (output, h.squeeze(0), c.squeeze(0));
    }
}

/// <summary>Gated units, stacked, in both directions; starts from zeros that it makes for the batch it sees; steps first.</summary>
public sealed class GatedRecurrentNetwork : Module<Tensor, Tensor>
{
    private readonly GRU _gru = GRU(6, 5, numLayers: 2, bidirectional: true);
    private readonly Linear _classifier = Linear(10, 4);

    public GatedRecurrentNetwork() : base(nameof(GatedRecurrentNetwork)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        Tensor initial = zeros(4, x.shape[0], 5);
        (Tensor output, _) = _gru.forward(x.transpose(0, 1), initial);
        return _classifier.forward(output.mean([0]));
    }
}

/// <summary>The plain recurrent network, with tanh and with ReLU.</summary>
public sealed class ElmanNetwork : Module<Tensor, Tensor>
{
    private readonly RNN _tanh = RNN(6, 5, numLayers: 2, batchFirst: true);
    private readonly RNN _relu = RNN(5, 4, nonLinearity: NonLinearities.ReLU, batchFirst: true, bidirectional: true);

    public ElmanNetwork() : base(nameof(ElmanNetwork)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        (Tensor first, _) = _tanh.forward(x, null!);
        (_, Tensor last) = _relu.forward(first, null!);
        return cat([last[0], last[1]], 1);
    }
}

/// <summary>Cells called step by step in a loop over a fixed number of steps.</summary>
public sealed class CellNetwork : Module<Tensor, Tensor>
{
    private readonly LSTMCell _lstm = LSTMCell(6, 5);
    private readonly GRUCell _gru = GRUCell(5, 4);
    private readonly RNNCell _rnn = RNNCell(4, 3);

    public CellNetwork() : base(nameof(CellNetwork)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        Tensor h = zeros(x.shape[0], 5), c = zeros(x.shape[0], 5), g = zeros(x.shape[0], 4), r = zeros(x.shape[0], 3);
        List<Tensor> steps = [];
        foreach (Tensor step in x.unbind(1))
        {
            (h, c) = _lstm.forward(step, (h, c));
            g = _gru.forward(h, g);
            r = _rnn.forward(g, r);
            steps.Add(r);
        }
        return stack(steps, 1);
    }
}
