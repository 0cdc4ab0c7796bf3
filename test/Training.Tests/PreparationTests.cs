using System.Collections.Immutable;
using Octet.Training.Diagnostics;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Octet.Training.Tests;

/// <summary>What preparation does to a model.</summary>
public class PreparationTests
{
    [Fact]
    public void A_sequential_is_prepared_with_what_belongs_to_its_layers()
    {
        using Sequential model = Networks.Narrow();
        Assert.Equal<QuantizedLayer>(
            [new("conv1", "bn1", "relu1"), new("conv2", "bn2", "relu2"), new("hidden", null, "relu3"), new("scores", null, null)],
            model.PrepareForQuantization());
    }

    [Fact]
    public void The_state_keeps_its_names_and_values()
    {
        using Sequential model = Networks.Narrow();
        Dictionary<string, float[]> before = model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.to(ScalarType.Float32).data<float>().ToArray());
        model.PrepareForQuantization();
        Dictionary<string, Tensor> after = model.state_dict();
        Assert.All(before, pair => Assert.Equal(pair.Value, after[pair.Key].to(ScalarType.Float32).data<float>().ToArray()));
        Assert.Contains("conv1.input_quantizer.scale", after.Keys);
        Assert.Contains("conv1.output_quantizer.zero_point", after.Keys);
    }

    [Fact]
    public void Learned_scales_are_parameters()
    {
        using Sequential model = Networks.Narrow();
        model.PrepareForQuantization(new TrainingRecipe { Scales = ScaleLearning.Learned });
        string[] parameters = [.. model.named_parameters().Select(pair => pair.name)];
        Assert.Contains("conv1.input_quantizer.log_scale", parameters);
        Assert.Contains("hidden.weight_quantizer.log_scale", parameters);
        Assert.Contains("bn1.weight", parameters);
    }

    [Fact]
    public void Fields_are_what_forward_uses()
    {
        using Networks.Residual model = new();
        model.PrepareForQuantization(new TrainingRecipe { WeightBits = 2 });
        model.eval();
        // Of two bits a weight is one of three values in each channel.
        using Tensor seen = rand(2, 1, 8, 8);
        using Tensor before = model.forward(seen);
        model.RemoveQuantization();
        using Tensor after = model.forward(seen);
        Assert.False(before.allclose(after));
        using Networks.Residual fresh = new();
        fresh.load_state_dict(model.state_dict());
        fresh.eval();
        using Tensor same = fresh.forward(seen);
        Assert.True(after.allclose(same));
    }

    [Fact]
    public void Layers_in_a_list_are_prepared()
    {
        using Networks.Listed model = new();
        Assert.Equal(["layers.0", "layers.2"], model.PrepareForQuantization().Select(layer => layer.Name));
        model.eval();
        using Tensor result = model.forward(rand(3, 8));
        Assert.Equal([3, 8], result.shape);
    }

    [Fact]
    public void A_field_of_the_layers_own_type_is_named_and_nothing_is_changed()
    {
        using Networks.TypedField model = new();
        TrainingException exception = Assert.Throws<TrainingException>(() => model.PrepareForQuantization());
        Assert.Equal("OCT2141", exception.Code);
        Assert.Contains("narrow (the field 'narrow' of TypedField is of type Conv2d", exception.Message, StringComparison.Ordinal);
        Assert.All(model.named_children(), child => Assert.IsType<Conv2d>(child.module));
        Assert.Equal(["wide"], model.PrepareForQuantization(new TrainingRecipe { Skip = ["narrow"] }).Select(layer => layer.Name));
    }

    [Fact]
    public void Padding_with_other_than_zeros_is_named()
    {
        using Sequential model = nn.Sequential(("conv", nn.Conv2d(1, 4, 3, padding: 1, padding_mode: PaddingModes.Circular)));
        Assert.Contains("conv (it pads with Circular, not with zeros)", Assert.Throws<TrainingException>(() => model.PrepareForQuantization()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Skipped_layers_stay_as_they_are()
    {
        using Sequential model = Networks.Narrow();
        Assert.Equal(["hidden"], model.PrepareForQuantization(new TrainingRecipe { Skip = ["conv*", "scores"] }).Select(layer => layer.Name));
        Assert.IsType<Conv2d>(model.named_children().Single(child => child.name == "conv1").module);
    }

    [Theory]
    [InlineData("OCT2143", 8, "*")]
    [InlineData("OCT2144", 9, "conv1")]
    [InlineData("OCT2144", 8, "conv7")]
    public void A_recipe_that_cannot_be_is_refused(string code, int bits, string skip)
    {
        using Sequential model = Networks.Narrow();
        Assert.Equal(code, Assert.Throws<TrainingException>(() => model.PrepareForQuantization(new TrainingRecipe { WeightBits = bits, Skip = [skip] })).Code);
    }

    [Fact]
    public void A_model_is_prepared_once()
    {
        using Sequential model = Networks.Narrow();
        model.PrepareForQuantization();
        Assert.Equal("OCT2143", Assert.Throws<TrainingException>(() => model.PrepareForQuantization()).Code);
    }

    [Fact]
    public void A_normalization_that_does_not_follow_its_layer_is_said_and_can_be_named()
    {
        using Networks.Crossed model = new();
        model.PrepareForQuantization();
        TrainingException exception = Assert.Throws<TrainingException>(() => model.forward(rand(2, 1, 8, 8)));
        Assert.Equal("OCT2142", exception.Code);
        Assert.Contains("'bn1' is taken for the BatchNormalization of 'conv2'", exception.Message, StringComparison.Ordinal);

        using Networks.Crossed named = new();
        named.PrepareForQuantization(new TrainingRecipe { Normalizations = new Dictionary<string, string> { ["conv1"] = "bn1", ["conv2"] = "bn2" }.ToImmutableDictionary() });
        named.forward(rand(2, 1, 8, 8)).Dispose();
    }

    [Fact]
    public void Values_that_are_not_finite_are_said()
    {
        using Sequential model = Networks.Narrow();
        model.PrepareForQuantization();
        TrainingException exception = Assert.Throws<TrainingException>(() => model.forward(full([2, 1, 8, 8], float.NaN)));
        Assert.Equal("OCT2145", exception.Code);
        Assert.Contains("input of layer 'conv1'", exception.Message, StringComparison.Ordinal);
    }
}
