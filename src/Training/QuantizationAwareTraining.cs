using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Octet.Training.Diagnostics;
using Octet.Training.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Octet.Training;

/// <summary>A layer that was prepared.</summary>
/// <param name="Name">Its name as in the state dict.</param>
/// <param name="Normalization">The name of the BatchNormalization that was folded into it; null for none.</param>
/// <param name="Activation">The name of the Relu or Relu6 that was taken into it; null for none.</param>
public sealed record QuantizedLayer(string Name, string? Normalization, string? Activation);

/// <summary>
/// Quantization-aware training: integer forward, float backward (Jacob et al. 2018). A prepared model computes with rounded weights and values and is trained as any other; exported in
/// evaluation mode it is a float model with quantize/dequantize pairs, whose integers the int8 variant ships.
/// </summary>
public static class QuantizationAwareTraining
{
    /// <summary>
    /// Prepares a model: each convolution and linear layer rounds its weights, its input and, where no later layer does, its result. A BatchNormalization behind a layer is folded into it
    /// at inference; a Relu or Relu6 behind it in a Sequential becomes part of it. Everything keeps its name in the state dict.
    /// </summary>
    /// <param name="model">Changed in place: in its registered children, and in the fields and lists that hold them. Create the optimizer afterwards: learned scales are parameters.</param>
    /// <param name="recipe">How; null for 8 bits with observed ranges.</param>
    /// <returns>The layers that were prepared, in the order of the state dict.</returns>
    /// <exception cref="TrainingException">
    /// OCT2141: a layer cannot be prepared, for each the reason. OCT2143: there is no layer, or none is left. OCT2144: the recipe is not usable. The model is as it was then.
    /// </exception>
    public static ImmutableArray<QuantizedLayer> PrepareForQuantization(this nn.Module model, TrainingRecipe? recipe = null)
    {
        recipe ??= new TrainingRecipe();
        if (recipe.Problem is { } problem)
            throw new TrainingException("OCT2144", problem);
        if (LayerComputation.IsCompute(model))
            throw new TrainingException("OCT2141", $"the model itself ({model.GetType().Name}: it has nothing around it that could hold another; put it into a Sequential)");

        ModuleSlot[] slots = [.. ModuleSlot.Below(model, slot => slot.Module is not IReplacement)];
        if (slots.Any(slot => slot.Module is IReplacement))
            throw new TrainingException("OCT2143", "it is prepared already");
        PlannedLayer[] planned = Plan(slots, recipe);
        Readers readers = new();
        bool training = model.training;
        // A module that is in two places is one layer.
        Dictionary<nn.Module, nn.Module> replaced = new(ReferenceEqualityComparer.Instance);
        foreach (PlannedLayer layer in planned)
            layer.Replace(recipe, readers, replaced);
        model.train(training);
        return [.. planned.Select(layer => new QuantizedLayer(layer.Slot.Path, layer.Normalization?.Path, layer.Activation?.Path))];
    }

    /// <summary>Takes the preparation back: the model's own modules with the weights that training has left, not rounded.</summary>
    /// <param name="model">A prepared model; changed in place.</param>
    public static void RemoveQuantization(this nn.Module model)
    {
        foreach (ModuleSlot slot in ModuleSlot.Below(model, slot => slot.Module is not IReplacement).ToArray())
            if (slot.Module is IReplacement replacement)
            {
                replacement.Original.train(slot.Module.training);
                slot.Replace(replacement.Original);
            }
    }

    /// <summary>The integers that a prepared layer's weights are rounded to, in the order of the weights.</summary>
    /// <param name="model">A prepared model.</param>
    /// <param name="layer">The layer's name.</param>
    /// <returns>A new tensor of 8-bit integers, of the weights' shape.</returns>
    /// <exception cref="ArgumentException">The model has no prepared layer of that name.</exception>
    public static Tensor WeightIntegers(this nn.Module model, string layer) =>
        ModuleSlot.Below(model, slot => slot.Module is not IReplacement).FirstOrDefault(slot => slot.Path == layer)?.Module is PreparedLayer prepared
            ? prepared.WeightIntegers
            : throw new ArgumentException($"The model has no prepared layer '{layer}'.", nameof(layer));

    private static PlannedLayer[] Plan(ModuleSlot[] slots, TrainingRecipe recipe)
    {
        ModuleSlot[] wanted = [.. slots.Where(slot => LayerComputation.IsCompute(slot.Module) && !recipe.Skip.Any(pattern => Matches(pattern, slot.Path)))];
        if (wanted.Length == 0)
            throw new TrainingException("OCT2143", slots.Any(slot => LayerComputation.IsCompute(slot.Module)) ? "the recipe skips each of its layers" : "it has no convolution and no linear layer");
        if (recipe.Skip.FirstOrDefault(pattern => !slots.Any(slot => Matches(pattern, slot.Path))) is { } idle)
            throw new TrainingException("OCT2144", $"'{idle}' in {nameof(TrainingRecipe.Skip)} is the name of no layer");

        List<PlannedLayer> planned = [];
        List<string> problems = [];
        foreach (ModuleSlot slot in wanted)
        {
            try
            {
                LayerComputation computation = LayerComputation.Of(slot.Module);
                ModuleSlot[] behind = [.. slots.SkipWhile(other => other != slot).Skip(1).Where(other => ReferenceEquals(other.Parent, slot.Parent))];
                ModuleSlot? normalization = Normalization(slot, computation, behind, slots, recipe);
                ModuleSlot? activation = slot.Parent is Sequential ? behind.Skip(normalization is null ? 0 : 1).FirstOrDefault() : null;
                planned.Add(new PlannedLayer(slot, computation, normalization, activation?.Module is ReLU or ReLU6 ? activation : null));
                problems.AddRange(planned[^1].Problems());
            }
            catch (NotSupportedException exception)
            {
                problems.Add($"{slot.Path} ({exception.Message})");
            }
        }
        return problems.Count == 0 ? [.. planned] : throw new TrainingException("OCT2141", string.Join("; ", problems));
    }

    // What was declared next is mostly called next; whether it is, shows when the model runs.
    private static ModuleSlot? Normalization(ModuleSlot layer, LayerComputation computation, ModuleSlot[] behind, ModuleSlot[] slots, TrainingRecipe recipe)
    {
        if (recipe.Normalizations.TryGetValue(layer.Path, out string? named))
            return slots.FirstOrDefault(slot => slot.Path == named && IsNormalization(slot.Module, computation)) ?? throw new NotSupportedException($"'{named}' is no BatchNormalization of its {computation.Channels} channels with running statistics");
        ModuleSlot? next = behind.FirstOrDefault();
        return next is not null && IsNormalization(next.Module, computation) && !recipe.Normalizations.ContainsValue(next.Path) && !recipe.Skip.Any(pattern => Matches(pattern, next.Path)) ? next : null;
    }

    private static bool IsNormalization(nn.Module module, LayerComputation computation) =>
        module is BatchNorm { track_running_stats: true } normalization && normalization.num_features == computation.Channels;

    private static bool Matches(string pattern, string name) => Regex.IsMatch(name, $"^{Regex.Escape(pattern).Replace("\\*", ".*")}$", RegexOptions.CultureInvariant);

    private sealed record PlannedLayer(ModuleSlot Slot, LayerComputation Computation, ModuleSlot? Normalization, ModuleSlot? Activation)
    {
        public IEnumerable<string> Problems() =>
            from part in new[] { (Slot, typeof(PreparedLayer)), (Normalization, typeof(FoldedNormalization)), (Activation, typeof(AbsorbedModule)) }
            where part.Item1 is not null
            let reason = part.Item1.ReasonFixed(part.Item2)
            where reason is not null
            select $"{part.Item1.Path} ({reason})";

        public void Replace(TrainingRecipe recipe, Readers readers, Dictionary<nn.Module, nn.Module> replaced)
        {
            T Replacement<T>(ModuleSlot slot, Func<T> make)
                where T : nn.Module
            {
                if (!replaced.TryGetValue(slot.Module, out nn.Module? by))
                    replaced[slot.Module] = by = make();
                slot.Replace(by);
                return (T)by;
            }

            FoldedNormalization? normalization = Normalization is null ? null
                : Replacement(Normalization, () => new FoldedNormalization((NormBase)Normalization.Module, Normalization.Path, Slot.Path, recipe.NormalizationBatches));
            if (Activation is not null)
                Replacement(Activation, () => new AbsorbedModule(Activation.Module));
            AbsorbedActivation activation = Activation?.Module switch
            {
                ReLU => AbsorbedActivation.Relu,
                ReLU6 => AbsorbedActivation.Relu6,
                _ => AbsorbedActivation.None,
            };
            Replacement(Slot, () => new PreparedLayer(Slot.Module, Slot.Path, Computation, normalization, activation, recipe, readers));
        }
    }
}
