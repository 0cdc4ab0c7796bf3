using CsCheck;
using Octet.Training.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Octet.Training.Tests;

/// <summary>What a prepared model computes and learns.</summary>
public class QuantizationAwareTrainingTests
{
    [Fact]
    public void Weights_of_every_width_lie_on_their_grid() =>
        Gen.Select(Gen.Int[2, 8], Gen.Bool, Gen.Int[0, 1000]).Sample((bits, learned, seed) =>
        {
            manual_seed(seed);
            using Tensor weights = randn(5, 3, 2);
            using WeightQuantizer quantizer = new(new TrainingRecipe { WeightBits = bits, Scales = learned ? ScaleLearning.Learned : ScaleLearning.Observed }, weights, 0);
            quantizer.eval();
            int limit = (1 << (bits - 1)) - 1;
            using Tensor integers = quantizer.Integers(weights), inference = quantizer.Inference(weights, null), scales = quantizer.Scales(weights), trained = quantizer.forward(weights);
            sbyte[] values = integers.data<sbyte>().ToArray();
            Assert.InRange(values.Max(Math.Abs), 1, limit);
            float[] expected = [.. values.Select((value, i) => value * scales[i / 6].item<float>())];
            Assert.Equal(expected, inference.data<float>().ToArray());
            Assert.True(trained.allclose(inference, 1e-6));
        }, iter: 30);

    [Fact]
    public void Folded_weights_keep_their_integers_whatever_the_factors()
    {
        manual_seed(1);
        using Tensor weights = randn(4, 3), factors = tensor(new[] { 2.5f, -0.3f, 0f, 1e-6f });
        using WeightQuantizer quantizer = new(new TrainingRecipe { WeightBits = 4 }, weights, 0);
        quantizer.eval();
        using Tensor plain = quantizer.Inference(weights, null), folded = quantizer.Inference(weights, factors);
        Assert.True((plain * factors.view(-1, 1)).allclose(folded, 1e-5, 1e-12));
    }

    [Fact]
    public void The_gradient_of_a_learned_scale_is_that_of_learned_step_size_quantization()
    {
        // One weight within the range of -3 to 3 steps, one beyond.
        using Tensor weights = tensor(new[] { 0.7f, 9f }).view(1, 2);
        using WeightQuantizer quantizer = new(new TrainingRecipe { WeightBits = 3, Scales = ScaleLearning.Learned }, ones(1, 2), 0);
        Parameter scale = quantizer.named_parameters().Single().parameter;
        using (no_grad())
            scale.fill_(-1);
        quantizer.forward(weights).sum().backward();
        // Within: round(v) - v; beyond: the limit. By the logarithm to base 2: times scale * ln 2.
        Assert.Equal((1 - 1.4 + 3) * 0.5 * Math.Log(2), scale.grad!.item<float>(), 1e-5);
    }

    [Fact]
    public void In_evaluation_a_prepared_model_folds_its_normalization()
    {
        manual_seed(2);
        using Sequential model = Networks.Narrow();
        model.PrepareForQuantization(new TrainingRecipe { NormalizationBatches = 5 });
        DigitsData.Training.Train(model, 1, 1e-3);
        // Frozen statistics are those of inference, so that both modes compute the same but for rounding at a tie.
        using (no_grad())
        {
            Tensor images = DigitsData.HeldOut.Images;
            Tensor trained = model.forward(images);
            model.eval();
            Tensor evaluated = model.forward(images);
            Assert.True((trained - evaluated).abs().max().item<float>() < 0.1 * evaluated.abs().max().item<float>());
        }
    }

    [Fact]
    public void Results_that_a_later_layer_reads_are_rounded_there_alone()
    {
        manual_seed(3);
        using Networks.Residual model = new();
        model.PrepareForQuantization();
        model.forward(rand(4, 1, 8, 8)).Dispose();
        model.forward(rand(4, 1, 8, 8)).Dispose();
        long Batches(string quantizer) => model.state_dict()[$"{quantizer}.batches"].item<long>();
        Assert.Equal(-1, Batches("first.output_quantizer"));
        // What a sum reads no layer rounds.
        Assert.Equal(1, Batches("second.output_quantizer"));
        Assert.Equal(2, Batches("last.input_quantizer"));
    }

    [Fact]
    public void A_checkpoint_holds_the_whole_quantization()
    {
        manual_seed(4);
        TrainingRecipe recipe = new() { WeightBits = 4, Scales = ScaleLearning.Learned, ObservedBatches = 3 };
        using Sequential model = Networks.Narrow();
        model.PrepareForQuantization(recipe);
        DigitsData.Training.Train(model, 1, 1e-3);
        using MemoryStream written = new();
        model.save(written);
        using MemoryStream stream = new(written.ToArray());
        using Sequential loaded = Networks.Narrow();
        loaded.PrepareForQuantization(recipe);
        loaded.load(stream);
        model.eval();
        loaded.eval();
        using Tensor images = rand(3, 1, 8, 8);
        Assert.Equal(model.forward(images).data<float>().ToArray(), loaded.forward(images).data<float>().ToArray());
    }

    [Theory]
    [InlineData(ScaleLearning.Observed)]
    [InlineData(ScaleLearning.Learned)]
    public void A_narrow_network_of_three_bits_regains_what_rounding_after_training_loses(ScaleLearning scales)
    {
        manual_seed(6);
        using Sequential model = Networks.Narrow(channels: 3);
        DigitsData.Training.Train(model, 8, 5e-3);
        double before = DigitsData.HeldOut.Accuracy(model);

        model.PrepareForQuantization(new TrainingRecipe { WeightBits = 3, Scales = scales, ObservedBatches = 20 });
        double rounded = DigitsData.HeldOut.Accuracy(model);
        DigitsData.Training.Train(model, 6, 3e-3);
        double trained = DigitsData.HeldOut.Accuracy(model);

        string figures = $"float {before:0.000}, rounded {rounded:0.000}, trained {trained:0.000}";
        Assert.True(before > 0.93, figures);
        Assert.True(before - rounded > 0.05, figures);
        Assert.True(trained - rounded > (before - rounded) / 2, figures);
    }
}
