using Octet.Torch.Tracing;

namespace Octet.Torch.Conversion;

/// <summary>Tables that are looked up by number.</summary>
internal static class Embeddings
{
    public static void Register(ConversionTable table)
    {
        table.Add(call => call.Return(call.Gather(Table(call), call.Value("tensor"), 0)), "THSNN_Embedding_forward");
        table.Add(Bag, "THSNN_EmbeddingBag_forward");
        table.Add(OneHot, "THSNN_one_hot");
    }

    private static string Table(ConversionContext call)
    {
        NativeModule module = call.Module("module");
        if (module.Flag("hasMN"))
            throw call.Unsupported("with max_norm: it writes to its weights in forward");
        return call.Value(module.Parameter("weight"));
    }

    /// <summary>Of each row of numbers, the sum, mean or maximum of what is looked up.</summary>
    private static void Bag(ConversionContext call)
    {
        NativeModule module = call.Module("module");
        if (call.Tensor("tensor").Rank != 2 || call.OptionalTensor("offsets") is not null)
            throw call.Unsupported("with bags of several lengths");
        if (module.Integer("padding_idx") >= 0)
            throw call.Unsupported("with padding");
        string rows = call.Gather(Table(call), call.Value("tensor"), 0);
        if (call.OptionalTensor("per_sample_weights") is { } weights)
            rows = call.Product(rows, call.Unsqueeze(call.Value(weights), 2));
        call.Return(Reductions.Reduce(call, module.Integer("mode") switch { 0 => "ReduceSum", 1 => "ReduceMean", _ => "ReduceMax" }, rows, [1], keep: false));
    }

    private static void OneHot(ConversionContext call)
    {
        long classes = call.Integer("num_classes");
        if (classes < 0)
            throw call.Unsupported("without a number of classes: it depends on the data");
        long[] values = [0, 1];
        call.Return(call.Add("OneHot", [call.Value("self"), call.Integers(classes), call.Integers(values)]));
    }
}
