using Octet.Quantization.Calibration;
using Octet.Quantization.Emission;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Quantization.Search;

namespace Octet.Quantization.Tests.Search;

/// <summary>The logic of leaving layers float, judged by figures made up for each layer.</summary>
public sealed class LayerExclusionTests
{
    private const int Layers = 9;

    [Theory]
    [InlineData(0.40, 1)]
    [InlineData(0.22, 3)]
    [InlineData(0.05, 7)]
    [InlineData(0.011, 8)]
    public void The_fewest_of_the_worst_layers_become_float(double maxDrop, int expected)
    {
        StaticRecipe recipe = Recipe();
        string[] ranking = [.. recipe.ComputeNodesInOrder().Reverse()];
        (StaticRecipe found, TrialScore score) = LayerExclusion.Find(recipe, Score(recipe), ranking, maxDrop, Score, () => true);

        Assert.Equal(ranking.Take(expected).Order(StringComparer.Ordinal), found.LeftFloat.Keys);
        Assert.True(score.Drop <= maxDrop);
        Assert.All(found.LeftFloat.Keys, name => Assert.Equal(LayerExclusion.Reason, found.Plan.FloatReasons[name]));
        Assert.Equal(Layers - expected, found.Plan.ComputeNodes.Count);
    }

    [Fact]
    public void What_cannot_hold_comes_as_near_as_it_can()
    {
        StaticRecipe recipe = Recipe();
        string[] ranking = [.. recipe.ComputeNodesInOrder().Reverse()];
        (StaticRecipe found, TrialScore score) = LayerExclusion.Find(recipe, Score(recipe), ranking, 0, Score, () => true);
        Assert.Equal(Layers - 1, found.LeftFloat.Count);
        Assert.Equal(0.01, score.Drop, 6);
    }

    [Fact]
    public void Without_time_the_recipe_is_what_it_was()
    {
        StaticRecipe recipe = Recipe();
        Assert.Same(recipe, LayerExclusion.Find(recipe, Score(recipe), [.. recipe.ComputeNodesInOrder()], 0, Score, () => false).Recipe);
    }

    [Fact]
    public void The_best_so_far_is_kept_when_time_ends()
    {
        StaticRecipe recipe = Recipe();
        string[] ranking = [.. recipe.ComputeNodesInOrder().Reverse()];
        int trials = 0;
        (StaticRecipe found, _) = LayerExclusion.Find(recipe, Score(recipe), ranking, 0.05, Score, () => trials++ < 2);
        Assert.Equal(2, found.LeftFloat.Count);
    }

    [Fact]
    public void Layers_are_ranked_by_what_each_does_alone()
    {
        StaticRecipe recipe = Recipe();
        Assert.Equal(recipe.ComputeNodesInOrder().Reverse(), LayerSensitivity.Rank(recipe, Score, () => true));
        // Only the first three were tried: the others follow in the model's order.
        int trials = 0;
        Assert.Equal("conv2 conv1 conv0 conv3 conv4 conv5 conv6 conv7 conv8", string.Join(' ', LayerSensitivity.Rank(recipe, Score, () => trials++ < 3)));
    }

    // Layer k costs (k + 1) hundredths.
    private static TrialScore Score(StaticRecipe recipe)
    {
        double drop = recipe.Plan.ComputeNodes.Sum(node => (int.Parse(node[4..], System.Globalization.CultureInfo.InvariantCulture) + 1) / 100.0);
        return new TrialScore(drop, -drop);
    }

    private static StaticRecipe Recipe()
    {
        GraphBuilder builder = new();
        string value = builder.Input("x", 1, 4, 8, 8);
        for (int layer = 0; layer < Layers; layer++)
            value = builder.Node("Relu", [builder.Conv(value, 4, 4, 3)]);
        builder.Output(value, 1, 4, 8, 8);
        ModelProto model = builder.Build();
        int next = 0;
        foreach (NodeProto node in model.Graph.Node.Where(node => node.OpType == "Conv"))
            node.Name = $"conv{next++}";
        ModelProto prepared = PreparationPipeline.Run(model, "model.onnx");
        QuantizationPlan plan = StaticQuantization.Plan(prepared, []);
        return new StaticRecipe(prepared, plan, CalibrationStatistics.Empty(plan.Observed, withHistograms: false).Ranges(CalibrationMethods.MinMax));
    }
}
