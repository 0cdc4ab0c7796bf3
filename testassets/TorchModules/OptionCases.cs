using System.Globalization;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchModules;

/// <summary>One operator with many sets of options, each an output. Options are separated by semicolons, their parts by slashes.</summary>
public abstract class OptionCases(string options, string name) : Module<Tensor, Dictionary<string, Tensor>>(name)
{
    public override Dictionary<string, Tensor> forward(Tensor x) =>
        options.Split(';').Select((set, i) => (Name: Name(set, i), Set: set)).ToDictionary(set => set.Name, set => Apply(x, set.Set.Split('/')));

    protected abstract Tensor Apply(Tensor x, string[] option);

    protected static long Whole(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    protected static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    protected static long[] Wholes(string text) => [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Whole)];

    private static string Name(string set, int i) => $"case_{i}_" + string.Concat(set.Select(character => char.IsAsciiLetterOrDigit(character) ? character : character == '-' ? 'm' : '_'));
}

/// <summary>Interpolation: mode / corners aligned (1 or 0) / size or scale / one number an axis. Images, or rows for the mode Linear, or volumes for Trilinear.</summary>
public sealed class ResizeCases(string options) : OptionCases(options, nameof(ResizeCases))
{
    protected override Tensor Apply(Tensor x, string[] option)
    {
        InterpolationMode mode = Enum.Parse<InterpolationMode>(option[0]);
        Tensor image = mode switch { InterpolationMode.Linear => x.flatten(2), InterpolationMode.Trilinear => x.unsqueeze(1), _ => x };
        int axes = (int)image.dim() - 2;
        bool? aligns = mode is InterpolationMode.Nearest or InterpolationMode.NearestExact or InterpolationMode.Area ? null : option[1] == "1";
        string[] numbers = option[3].Split(',')[..axes];
        return option[2] == "size"
            ? functional.interpolate(image, size: [.. numbers.Select(Whole)], mode: mode, align_corners: aligns)
            : functional.interpolate(image, scale_factor: [.. numbers.Select(Number)], mode: mode, align_corners: aligns, recompute_scale_factor: option[2] == "recomputed");
    }
}

/// <summary>Padding: mode / before and behind from the last axis on / value.</summary>
public sealed class PadCases(string options) : OptionCases(options, nameof(PadCases))
{
    protected override Tensor Apply(Tensor x, string[] option) => functional.pad(x, Wholes(option[1]), Enum.Parse<PaddingModes>(option[0]), Number(option[2]));
}

/// <summary>
/// Index expressions for an input of rank 4, the batch first: parts separated by commas; a number, start:stop:step with any left out, N for a new axis,
/// E for an ellipsis, t and digits for a tensor of positions.
/// </summary>
public sealed class ExpressionCases(string options) : OptionCases(options, nameof(ExpressionCases))
{
    protected override Tensor Apply(Tensor x, string[] option)
    {
        TensorIndex[] expression = [.. option[0].Split(',').Select(Part)];
        return option is [_, "put"] ? x.clone().index_put_((Scalar)2.5, expression) : x[expression];

        static TensorIndex Part(string part)
        {
            if (part == "N")
                return TensorIndex.None;
            if (part == "E")
                return TensorIndex.Ellipsis;
            if (part[0] == 't')
                return TensorIndex.Tensor(tensor(part[1..].Select(digit => (long)(digit - '0')).ToArray()));
            if (!part.Contains(':', StringComparison.Ordinal))
                return TensorIndex.Single(Whole(part));
            long?[] bounds = [.. part.Split(':').Select(bound => bound.Length == 0 ? null : (long?)Whole(bound))];
            return TensorIndex.Slice(bounds[0], bounds[1], bounds[2]);
        }
    }
}

/// <summary>Reductions: name / axes / kept (1 or 0).</summary>
public sealed class AxisCases(string options) : OptionCases(options, nameof(AxisCases))
{
    protected override Tensor Apply(Tensor x, string[] option)
    {
        long[] axes = Wholes(option[1]);
        bool keep = option[2] == "1";
        return option[0] switch
        {
            "sum" => x.sum(axes, keep),
            "mean" => x.mean(axes, keep),
            "amax" => x.amax(axes, keep),
            "amin" => x.amin(axes, keep),
            "std" => x.std(axes, keepdim: keep),
            "var" => x.var(axes, unbiased: false, keepdim: keep),
            "norm" => linalg.vector_norm(x, 2.0, axes, keep),
            "max" => x.max(axes[0], keep).values,
            "argmin" => x.argmin(axes[0], keep),
            "logsumexp" => x.logsumexp(axes[0], keep),
            "any" => (x > 1.5).any(axes[0], keep),
            "softmax" => functional.softmax(x, axes[0]),
            "cumsum" => cumsum(x, axes[0]),
            "sort" => x.sort(axes[0], descending: keep).Values,
            "flip" => x.flip(axes),
            "roll" => x.roll(axes[0] * 2 - 1, axes[0]),
            "chunk" => x.chunk(keep ? 2 : 3, axes[0])[0],
            "unsqueeze" => x.unsqueeze(axes[0]),
            "select" => x.select(axes[0], -1),
            "unfold" => x.unfold(axes[0], 3, keep ? 1 : 2),
            "glu" => functional.glu(x, axes[0]),
            _ => throw new ArgumentException(option[0]),
        };
    }
}

/// <summary>Recurrent networks over [batch, steps, 6]: kind / layers / directions / batch first (1 or 0) / biased / with initial states.</summary>
public sealed class RecurrentCases : Module<Tensor, Dictionary<string, Tensor>>
{
    private readonly ModuleList<nn.Module> _networks = [];
    private readonly string[][] _options;

    public RecurrentCases(string options) : base(nameof(RecurrentCases))
    {
        _options = [.. options.Split(';').Select(set => set.Split('/'))];
        foreach (string[] option in _options)
        {
            (int layers, bool both, bool first, bool biased) = (int.Parse(option[1], CultureInfo.InvariantCulture), option[2] == "2", option[3] == "1", option[4] == "1");
            _networks.Add(option[0] switch
            {
                "LSTM" => LSTM(6, 5, layers, biased, first, bidirectional: both),
                "GRU" => GRU(6, 5, layers, biased, first, bidirectional: both),
                _ => RNN(6, 5, layers, option[0] == "ReLU" ? NonLinearities.ReLU : NonLinearities.Tanh, biased, first, bidirectional: both),
            });
        }
        RegisterComponents();
    }

    public override Dictionary<string, Tensor> forward(Tensor x)
    {
        Dictionary<string, Tensor> cases = [];
        for (int i = 0; i < _options.Length; i++)
        {
            string[] option = _options[i];
            Tensor input = option[3] == "1" ? x : x.transpose(0, 1);
            long states = long.Parse(option[1], CultureInfo.InvariantCulture) * long.Parse(option[2], CultureInfo.InvariantCulture);
            // Initial states that depend on the input.
            Tensor? initial = option[5] == "1" ? x.mean([1]).narrow(1, 0, 5).unsqueeze(0).expand(states, -1, -1) : null;
            switch (_networks[i])
            {
                case LSTM lstm:
                    (Tensor output, Tensor hidden, Tensor cell) = lstm.forward(input, initial is null ? null : (initial, initial * 2));
                    (cases[$"output_{i}"], cases[$"hidden_{i}"], cases[$"cell_{i}"]) = (output, hidden, cell);
                    break;
                case GRU gru:
                    (cases[$"output_{i}"], cases[$"hidden_{i}"]) = gru.forward(input, initial);
                    break;
                case RNN rnn:
                    (cases[$"output_{i}"], cases[$"hidden_{i}"]) = rnn.forward(input, initial!);
                    break;
            }
        }
        return cases;
    }
}

/// <summary>What no ONNX operator says, by name: each is refused.</summary>
public sealed class RefusedOption(string form) : Module<Tensor, Tensor>(nameof(RefusedOption))
{
    public override Tensor forward(Tensor x) => form switch
    {
        "antialias" => functional.interpolate(x, size: [3, 3], mode: InterpolationMode.Bilinear, align_corners: false, antialias: true),
        "even_neighbours" => functional.local_response_norm(x, 2),
        "data_mask" => x[x > 0].sum() + x,
        "circular_crop" => functional.pad(x, [-1, 1, 0, 0], PaddingModes.Circular),
        "one_hot" => functional.one_hot((x > 0).to(int64)).to(float32),
        "split_batch" => x.split(1, 0)[0],
        "roll_batch" => x.roll(1, 0),
        "attention_dropout" => functional.scaled_dot_product_attention(x, x, x, p: 0.5),
        "masked_values" => x.clone().index_put_(x.masked_select(x > 0), TensorIndex.Tensor(x > 0)),
        _ => throw new ArgumentException(form),
    };
}
