using System.Collections.Immutable;
using Octet.Quantization.Emission;

namespace Octet.Quantization.Search;

/// <summary>What each layer alone does to the outputs: one trial a layer, with every other layer left float.</summary>
public static class LayerSensitivity
{
    /// <summary>Ranks the recipe's compute nodes.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="measure">Judges a recipe's variant.</param>
    /// <param name="hasTime">Whether another trial may begin.</param>
    /// <returns>The nodes by name, the most harmful first. Those that time did not allow to try come last, in the model's order.</returns>
    public static ImmutableArray<string> Rank(StaticRecipe recipe, Func<StaticRecipe, TrialScore> measure, Func<bool> hasTime)
    {
        string[] nodes = [.. recipe.ComputeNodesInOrder()];
        Dictionary<string, TrialScore> scores = new(StringComparer.Ordinal);
        foreach (string node in nodes)
        {
            if (!hasTime())
                break;
            scores[node] = measure(recipe.LeaveFloat(nodes.Where(other => other != node), "it is left out of this trial"));
        }
        return
        [
            .. scores.OrderByDescending(entry => entry.Value.Drop).ThenBy(entry => entry.Value.SqnrDb).Select(entry => entry.Key),
            .. nodes.Where(node => !scores.ContainsKey(node)),
        ];
    }
}
