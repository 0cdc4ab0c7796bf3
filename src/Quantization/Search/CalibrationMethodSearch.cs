using System.Collections.Immutable;
using Octet.Quantization.Calibration;
using Octet.Quantization.Emission;

namespace Octet.Quantization.Search;

/// <summary>Tries every calibration method on one set of statistics: calibration runs once, a method costs one variant and its runs.</summary>
public static class CalibrationMethodSearch
{
    /// <summary>Makes a variant with each method's ranges and keeps the most accurate.</summary>
    /// <param name="recipe">What to quantize; its ranges are replaced.</param>
    /// <param name="statistics">The statistics of the plan's activations, with histograms.</param>
    /// <param name="measure">Judges a recipe's variant.</param>
    /// <returns>The recipe with the best method's ranges, and what the others gave. Of equals the first of <see cref="CalibrationMethods.All"/>.</returns>
    public static (StaticRecipe Recipe, TrialScore Score) Best(StaticRecipe recipe, CalibrationStatistics statistics, Func<StaticRecipe, TrialScore> measure)
    {
        List<(StaticRecipe Recipe, TrialScore Score)> tried = [];
        foreach (string method in CalibrationMethods.All)
        {
            StaticRecipe trial = recipe with { Ranges = statistics.Ranges(method) };
            tried.Add((trial, measure(trial)));
        }
        (StaticRecipe best, TrialScore score) = tried.Aggregate((best, next) => next.Score.Beats(best.Score) ? next : best);
        ImmutableArray<TriedMethod> all = [.. tried.Select(entry => new TriedMethod(entry.Recipe.Ranges.Method, entry.Score.Drop, entry.Score.SqnrDb))];
        return (best with { Ranges = best.Ranges with { Tried = all } }, score);
    }
}
