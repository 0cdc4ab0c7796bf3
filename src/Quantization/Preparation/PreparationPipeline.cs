using System.Collections.Immutable;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>The passes that every model goes through before it is quantized, in their order. Each leaves the outputs equal up to float rounding.</summary>
public static class PreparationPipeline
{
    /// <summary>One step: a name for the log, and a function from a model to a new model.</summary>
    public sealed record Pass(string Name, Func<ModelProto, ModelProto> Apply);

    /// <summary>The passes, first to last.</summary>
    public static ImmutableArray<Pass> Passes { get; } =
    [
        new("constants to initializers", ConstantsToInitializers.Apply),
        new("opset lift", model => OpsetLift.Apply(model, FuseHardSwish.MinimumOpset)),
        new("remove identities", RemoveIdentities.Apply),
        new("fold batch normalization", FoldBatchNormalization.Apply),
        new("fuse hard-swish", FuseHardSwish.Apply),
        new("remove unused", RemoveUnused.Apply),
        new("name nodes", NameNodes.Apply),
    ];

    /// <summary>Runs every pass.</summary>
    /// <param name="model">The float model; left as it is.</param>
    /// <param name="path">Its file, for messages.</param>
    /// <exception cref="DiagnosticException">OCT2004: the model cannot be lifted to the opset that per-channel quantization needs.</exception>
    public static ModelProto Run(ModelProto model, string path)
    {
        try
        {
            return Passes.Aggregate(model, (current, pass) => pass.Apply(current));
        }
        catch (NotSupportedException exception)
        {
            throw DiagnosticCatalog.Exception("OCT2004", path, model.StandardVersion(), OpsetLift.PerChannelQuantization, exception.Message);
        }
        catch (InvalidDataException exception)
        {
            throw DiagnosticCatalog.Exception("OCT2001", path, exception.Message.TrimEnd('.'));
        }
    }
}
