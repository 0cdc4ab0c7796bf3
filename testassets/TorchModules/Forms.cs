using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchModules;

/// <summary>Integer and float inputs side by side, two outputs, one of them integers.</summary>
public sealed class RecommendationNetwork : Module<Tensor, Tensor, Tensor, (Tensor, Tensor)>
{
    private readonly Embedding _users = Embedding(30, 6);
    private readonly Embedding _items = Embedding(40, 6);
    private readonly Linear _score = Linear(16, 3);

    public RecommendationNetwork() : base(nameof(RecommendationNetwork)) => RegisterComponents();

    /// <summary>Users [batch], items [batch, 5] (their embeddings are averaged), features [batch, 4].</summary>
    public override (Tensor, Tensor) forward(Tensor users, Tensor items, Tensor features)
    {
        Tensor scores = _score.forward(cat([_users.forward(users), _items.forward(items).mean([1]), features], 1));
        return (functional.softmax(scores, 1), scores.argmax(1));
    }
}

/// <summary>Writes in place of every kind: arithmetic, activations, the out-of-place result of which is needed later too.</summary>
public sealed class InPlaceNetwork : Module<Tensor, Tensor>
{
    private readonly Conv2d _conv = Conv2d(3, 4, 3, padding: 1);

    public InPlaceNetwork() : base(nameof(InPlaceNetwork)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        Tensor y = _conv.forward(x);
        Tensor alias = y.alias();
        Tensor before = y.clone();
        y.mul_(0.5).add_(before, 2).sub_(0.1);
        y.clamp_(-1, 1);
        y.relu_();
        y.div_(before.abs() + 1);
        return alias + before;
    }
}

/// <summary>The forms of an index: numbers, ranges with steps, ellipsis, new axes, tensors, masks that are constants.</summary>
public sealed class IndexingNetwork : Module<Tensor, Tensor>
{
    private readonly Parameter _weight = Parameter(randn(4, 6, 8));

    public IndexingNetwork() : base(nameof(IndexingNetwork)) => RegisterComponents();

    /// <summary>Takes [batch, 4, 6, 8].</summary>
    public override Tensor forward(Tensor x)
    {
        Tensor every = TensorIndexed(x, TensorIndex.Colon, TensorIndex.Slice(1, 3), TensorIndex.Slice(step: 2), TensorIndex.Slice(-6, -1));
        Tensor last = TensorIndexed(x, TensorIndex.Ellipsis, -1).unsqueeze(3);
        Tensor axis = TensorIndexed(x, TensorIndex.Colon, TensorIndex.None, 0);
        Tensor order = TensorIndexed(x, TensorIndex.Colon, TensorIndex.Tensor(tensor([3L, 0L, 0L])));
        Tensor pairs = TensorIndexed(x, TensorIndex.Colon, TensorIndex.Tensor(tensor([0L, 1L, 2L])), TensorIndex.Tensor(tensor([5L, 3L, -1L])));
        Tensor weight = _weight[1..3];
        return every.sum([1, 2, 3]) + last.mean([1, 2, 3]) + axis.amax([1, 2, 3]) + order.flatten(1).sum(1) + pairs.flatten(1).norm(1)
            + (x.narrow(1, 1, 2) * weight).flatten(1).sum(1) + x.select(1, 2).diagonal(0, 1, 2).sum(1);

        static Tensor TensorIndexed(Tensor tensor, params TensorIndex[] indices) => tensor[indices];
    }
}

/// <summary>Constants made in forward: a range, a triangle, a grid, numbers that depend on the input's extents alone.</summary>
public sealed class ConstantsNetwork : Module<Tensor, Tensor>
{
    private readonly Linear _linear = Linear(8, 8);

    public ConstantsNetwork() : base(nameof(ConstantsNetwork)) => RegisterComponents();

    /// <summary>Takes [batch, 5, 8].</summary>
    public override Tensor forward(Tensor x)
    {
        Tensor decay = exp(arange(x.shape[1], float32) * -0.3).view(1, -1, 1);
        Tensor triangle = ones(x.shape[1], x.shape[1]).tril();
        Tensor[] grid = meshgrid([linspace(0, 1, x.shape[1]), linspace(-1, 1, x.shape[2])]);
        Tensor bias = zeros_like(x) + full([x.shape[0], 1, 1], 0.25);
        return matmul(triangle, _linear.forward(x) * decay) + grid[0] * grid[1] + bias;
    }
}

/// <summary>Writes to a slice by index_put and by scatter.</summary>
public sealed class WritingNetwork : Module<Tensor, Tensor>
{
    public WritingNetwork() : base(nameof(WritingNetwork)) => RegisterComponents();

    /// <summary>Takes [batch, 6, 8].</summary>
    public override Tensor forward(Tensor x)
    {
        Tensor y = x.clone();
        y.index_put_(x.mean([1]), TensorIndex.Colon, TensorIndex.Single(2));
        Tensor order = tensor(new long[] { 5, 0, 3 }).view(1, 3, 1).expand(x.shape[0], 3, 8);
        return y.scatter(1, order, x.narrow(1, 0, 3) * 2) + x.gather(1, tensor(new long[] { 0, 0, 1, 2, 3, 5 }).view(1, 6, 1).expand(x.shape[0], 6, 8));
    }
}
