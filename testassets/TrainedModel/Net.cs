using TorchSharp;
using TorchSharp.Modules;

namespace TrainedModel;

/// <summary>Two fully connected layers: 8 values to 4.</summary>
internal sealed class Net : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    private readonly Linear hidden;
    private readonly Linear output;

    public Net(int width)
        : base(nameof(Net))
    {
        hidden = torch.nn.Linear(8, width);
        output = torch.nn.Linear(width, 4);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input) => output.forward(torch.nn.functional.relu(hidden.forward(input)));
}
