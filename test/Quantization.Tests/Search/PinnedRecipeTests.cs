using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Octet.Quantization.Emission;
using Octet.Quantization.Reporting;
using Octet.Quantization.Search;
using Octet.Quantization.Tests.Pipeline;

namespace Octet.Quantization.Tests.Search;

/// <summary>What a search found can be made again without searching, bit for bit.</summary>
public sealed class PinnedRecipeTests
{
    [Fact]
    public void A_pinned_recipe_gives_the_bytes_of_the_search()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.OneBadLayer()).WithSamples(12, SmallModels.Shape);
        QuantizationRequest Ask(QuantizationRequest request) => request with { Variants = ["int8"], TimeBudget = TimeSpan.FromSeconds(60), MaxAccuracyDrop = 1e-4 };
        VariantReport searched = folder.Run(Ask).Report.Variants[1];
        byte[] bytes = File.ReadAllBytes(Path.Combine(folder.Output, "model.int8.onnx"));
        JsonObject recipe = searched.Recipe!;
        string[] kept = [.. ((JsonArray)recipe["refinements"]!).Where(refinement => (bool)refinement!["kept"]!).Select(refinement => (string)refinement!["name"]!)];
        Dictionary<string, string> left = ((JsonArray)recipe["leftFloat"]!).ToDictionary(node => (string)node!["node"]!, node => (string)node!["reason"]!);
        Assert.NotEmpty(left);

        PinnedChoices pinned = new(IntegerForm.Pairs, [], [.. kept], left.ToImmutableSortedDictionary(StringComparer.Ordinal));
        VariantReport repeated = folder.Run(request => Ask(request) with { Method = (string)recipe["calibration"]!, Pinned = pinned }).Report.Variants[1];

        Assert.Equal(bytes, File.ReadAllBytes(Path.Combine(folder.Output, "model.int8.onnx")));
        Assert.Equal(searched.Accuracy!.Drop, repeated.Accuracy!.Drop);
        Assert.Equal(kept, ((JsonArray)repeated.Recipe!["refinements"]!).Select(refinement => (string)refinement!["name"]!));
    }

    [Fact]
    public void What_a_search_for_speed_found_can_be_pinned_too()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Classifier()).WithSamples(12, SmallModels.Shape);
        QuantizationRequest Ask(QuantizationRequest request) => request with { Variants = ["int8"], TimeBudget = TimeSpan.FromSeconds(20), Search = true };
        JsonObject recipe = folder.Run(Ask).Report.Variants[1].Recipe!;
        byte[] bytes = File.ReadAllBytes(Path.Combine(folder.Output, "model.int8.onnx"));
        Assert.NotNull(recipe["form"]);

        PinnedChoices pinned = new(
            IntegerForm.All.Single(form => form.Name == (string)recipe["form"]!),
            [.. ((JsonArray)recipe["rewrites"]!).Select(name => (string)name!)],
            [.. ((JsonArray)recipe["refinements"]!).Where(refinement => (bool)refinement!["kept"]!).Select(refinement => (string)refinement!["name"]!)],
            ((JsonArray)recipe["leftFloat"]!).ToImmutableSortedDictionary(node => (string)node!["node"]!, node => (string)node!["reason"]!, StringComparer.Ordinal));
        folder.Run(request => Ask(request) with { Method = (string)recipe["calibration"]!, Pinned = pinned });
        Assert.Equal(bytes, File.ReadAllBytes(Path.Combine(folder.Output, "model.int8.onnx")));
    }
}
