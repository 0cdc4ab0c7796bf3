using System.Globalization;
using System.IO.Compression;
using TorchSharp;
using static TorchSharp.torch;

namespace Octet.Training.Tests;

/// <summary>The handwritten digits of testassets, with the split of their README: every fifth row is held out.</summary>
internal sealed class DigitsData
{
    private const int Size = 8;

    private DigitsData((float[] Pixels, long Label)[] rows)
    {
        Images = tensor(rows.SelectMany(row => row.Pixels).ToArray()).view(-1, 1, Size, Size);
        Labels = tensor(rows.Select(row => row.Label).ToArray());
    }

    public Tensor Images { get; }

    public Tensor Labels { get; }

    public static DigitsData Training { get; } = new([.. Rows().Where((_, i) => i % 5 != 4)]);

    public static DigitsData HeldOut { get; } = new([.. Rows().Where((_, i) => i % 5 == 4)]);

    /// <summary>The share of digits that a model reads right, in evaluation mode.</summary>
    public double Accuracy(nn.Module<Tensor, Tensor> model)
    {
        bool training = model.training;
        model.eval();
        using (no_grad())
        using (NewDisposeScope())
        {
            double right = model.forward(Images).argmax(1).eq(Labels).to(ScalarType.Float32).mean().item<float>();
            model.train(training);
            return right;
        }
    }

    /// <summary>Trains by Adam on batches of 64, in an order of its own for each epoch.</summary>
    public void Train(nn.Module<Tensor, Tensor> model, int epochs, double rate, Action? afterBatch = null)
    {
        // Batches are too small to share.
        set_num_threads(1);
        using optim.Optimizer optimizer = optim.Adam(model.parameters(), rate);
        model.train();
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            using DisposeScope scope = NewDisposeScope();
            foreach (Tensor rows in randperm(Labels.shape[0]).split(64))
            {
                optimizer.zero_grad();
                Tensor loss = nn.functional.cross_entropy(model.forward(Images.index_select(0, rows)), Labels.index_select(0, rows));
                loss.backward();
                optimizer.step();
                afterBatch?.Invoke();
            }
        }
    }

    private static IEnumerable<(float[] Pixels, long Label)> Rows()
    {
        using StreamReader reader = new(new GZipStream(File.OpenRead(Path.Combine(Checkout(), "testassets", "data", "digits.csv.gz")), CompressionMode.Decompress));
        while (reader.ReadLine() is { } line)
        {
            int[] numbers = [.. line.Split(',').Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
            yield return ([.. numbers[..^1].Select(number => (float)number)], numbers[^1]);
        }
    }

    private static string Checkout()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Octet.slnx")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("The tests run from a checkout.");
    }
}
