using System.Collections.Immutable;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>The passes that every model goes through before it is quantized, in their order. Each leaves the outputs equal up to float rounding
/// (of 16-bit floats, where the model computes in those).</summary>
public static class PreparationPipeline
{
    private const string Folding = "fold batch normalization and arithmetic";

    /// <summary>One step: a name for the log, and a function from a model to a new model.</summary>
    public sealed record Pass(string Name, Func<ModelProto, ModelProto> Apply);

    /// <summary>The passes, first to last.</summary>
    public static ImmutableArray<Pass> Passes { get; } =
    [
        // One form for constants and operators, so that the others have one spelling less to know.
        new("raw constants", RawConstants.Apply),
        new("constants to initializers", ConstantsToInitializers.Apply),
        new("widen float16", WidenFloat16.Apply),
        new("opset lift", OpsetLift.ForPreparation),

        // What the model does not compute at run time, or not at all. Shapes first: folding turns known ones into constants.
        new("infer shapes", InferShapes.Apply),
        new("fold constants", FoldConstants.Apply),
        // Shapes that were computed are constants now, and what follows from them is known.
        new("infer more shapes", InferShapes.Apply),
        new("fold more constants", FoldConstants.Apply),
        new("remove identities", RemoveIdentities.Apply),

        // Functions that exports spell out. Before folding, which would take their Muls and Adds for scales of the Conv beside them.
        new("fuse hard-sigmoid", FuseHardSigmoid.Apply),
        new("fuse hard-swish", FuseHardSwish.Apply),
        new("fuse GELU", FuseGelu.Apply),
        new("fuse layer normalization", FuseLayerNormalization.Apply),

        // Into the weights goes what can, so that compute nodes stand next to each other. A Gemm can take more than a MatMul.
        new("fuse MatMul and Add", FuseMatMulAdd.Apply),
        new(Folding, FoldAffine.Apply),

        // What is left is cleaned and named, for plans and reports, which go by name over all graphs.
        new("remove unused", RemoveUnused.Apply),
        new("name nodes", NameNodes.Apply),
        new("unique value names", UniqueValueNames.Apply),
    ];

    /// <summary>Runs every pass.</summary>
    /// <param name="model">The float model; left as it is.</param>
    /// <param name="path">Its file, for messages.</param>
    /// <exception cref="DiagnosticException">OCT2004: the model cannot be lifted to the opset that per-channel quantization needs.</exception>
    public static ModelProto Run(ModelProto model, string path) => RunFromFolding(RunUntilFolding(model, path), path);

    /// <summary>
    /// Runs the passes before BatchNormalizations are folded: their statistics are still there, and the values that the prepared model keeps have
    /// the names that they keep.
    /// </summary>
    /// <inheritdoc cref="Run(ModelProto, string)"/>
    public static ModelProto RunUntilFolding(ModelProto model, string path) => Run(model, path, Passes.TakeWhile(pass => pass.Name != Folding));

    /// <summary>Runs the other passes on what <see cref="RunUntilFolding"/> has given.</summary>
    /// <inheritdoc cref="Run(ModelProto, string)"/>
    public static ModelProto RunFromFolding(ModelProto unfolded, string path) => Run(unfolded, path, Passes.SkipWhile(pass => pass.Name != Folding));

    private static ModelProto Run(ModelProto model, string path, IEnumerable<Pass> passes)
    {
        try
        {
            return passes.Aggregate(model, (current, pass) => pass.Apply(current));
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
