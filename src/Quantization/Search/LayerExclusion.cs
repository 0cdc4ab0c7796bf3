using Octet.Quantization.Emission;

namespace Octet.Quantization.Search;

/// <summary>
/// Leaves layers float, the most harmful first, until the accuracy drop is within its limit: doubling their number, then halving the last step
/// while it still holds.
/// </summary>
public static class LayerExclusion
{
    /// <summary>Why a node was left float, for recipes and reports.</summary>
    public const string Reason = "it costs more accuracy than is allowed";

    /// <summary>Searches for the fewest layers.</summary>
    /// <param name="recipe">A recipe whose drop is too large.</param>
    /// <param name="start">Its score.</param>
    /// <param name="ranking">Its compute nodes, the most harmful first.</param>
    /// <param name="maxDrop">The limit.</param>
    /// <param name="measure">Judges a recipe's variant.</param>
    /// <param name="hasTime">Whether another trial may begin.</param>
    /// <returns>The recipe with the fewest float layers that holds, or else the one with the smallest drop; at least one layer stays integer.</returns>
    public static (StaticRecipe Recipe, TrialScore Score) Find(
        StaticRecipe recipe, TrialScore start, IReadOnlyList<string> ranking, double maxDrop, Func<StaticRecipe, TrialScore> measure, Func<bool> hasTime)
    {
        (StaticRecipe Recipe, TrialScore Score) best = (recipe, start);
        int fails = 0;
        int holds = ranking.Count;
        for (int count = 1; fails < ranking.Count - 1 && hasTime(); count = Math.Min(2 * count, ranking.Count - 1))
        {
            if (Try(count))
            {
                holds = count;
                break;
            }
            fails = count;
        }
        while (holds < ranking.Count && holds - fails > 1 && hasTime())
        {
            int middle = (fails + holds) / 2;
            if (Try(middle))
                holds = middle;
            else
                fails = middle;
        }
        return best;

        bool Try(int count)
        {
            StaticRecipe trial = recipe.LeaveFloat(ranking.Take(count), Reason);
            if (trial.Plan.ComputeNodes.IsEmpty)
                return false;
            TrialScore score = measure(trial);
            bool held = score.Drop <= maxDrop;
            // Fewer float layers come later in the search and replace more; while nothing holds, the smallest drop counts.
            if (held || (best.Score.Drop > maxDrop && score.Drop < best.Score.Drop))
                best = (trial, score);
            return held;
        }
    }
}
