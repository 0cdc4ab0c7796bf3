#:project ../src/Quantization/Octet.Quantization.csproj
// Trains testassets/models/digits.onnx, a small convolutional network:
//
//   dotnet run eng/TrainDigits.cs -c Release -- testassets/data/digits.csv.gz testassets/models/digits.onnx
//
// Rows whose index leaves 4 when divided by 5 are held out. Plain float arithmetic in a fixed order from a fixed seed: the same
// machine gives the same bytes. About a minute.

using System.Globalization;
using System.IO.Compression;
using System.Numerics.Tensors;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

const int Classes = 10, Size = 8, Epochs = 25, Batch = 32, First = 16, Second = 32, Hidden = 64;
// The file's pixels are 0 to 16; the network learns on 0 to 1 and is written to read the file's.
const float PixelScale = 1 / 16f;

if (args is not [string data, string output])
{
    Console.Error.WriteLine("usage: TrainDigits DIGITS.csv.gz OUTPUT.onnx");
    return 2;
}

(float[] Pixels, int Label)[] rows = [.. ReadRows(data)];
(float[] Pixels, int Label)[] training = [.. rows.Where((_, i) => i % 5 != 4)];
(float[] Pixels, int Label)[] heldOut = [.. rows.Where((_, i) => i % 5 == 4)];

Random random = new(1);
Convolution first = new(1, First, Size, random), second = new(First, Second, Size, random);
Product hidden = new(Second * Size * Size / 4, Hidden, random), scores = new(Hidden, Classes, random);
ILayer[] layers = [first, new Relu(), second, new Relu(), new MaxPool(Second, Size), hidden, new Relu(), scores];
Parameter[] parameters = [.. layers.SelectMany(layer => layer.Parameters)];

int step = 0;
for (int epoch = 0; epoch < Epochs; epoch++)
{
    random.Shuffle(training);
    // Smaller steps towards the end (cosine, Loshchilov and Hutter 2017).
    float rate = 1e-3f * (1 + MathF.Cos(MathF.PI * epoch / Epochs));
    foreach ((float[] Pixels, int Label)[] batch in training.Chunk(Batch))
    {
        foreach ((float[] pixels, int label) in batch)
        {
            float[] gradient = Softmax(Forward(pixels));
            gradient[label] -= 1;
            TensorPrimitives.Divide(gradient, batch.Length, gradient);
            foreach (ILayer layer in layers.Reverse())
                gradient = layer.Backward(gradient);
        }
        step++;
        foreach (Parameter parameter in parameters)
            parameter.Adam(rate, step);
    }
}
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"right: {100 * Right(training):0.0} % of the training rows, {100 * Right(heldOut):0.0} % of those held out"));
OnnxFile.Write(ToOnnx(), output);
return 0;

float[] Forward(float[] pixels) => layers.Aggregate(pixels, (value, layer) => layer.Forward(value));

double Right((float[] Pixels, int Label)[] samples) => samples.Average(sample => TensorPrimitives.IndexOfMax<float>(Forward(sample.Pixels)) == sample.Label ? 1.0 : 0);

ModelProto ToOnnx()
{
    GraphProto graph = new() { Name = "digits" };
    graph.Input.Add(Info("pixels", 1, Size, Size));
    graph.Output.Add(Info("scores", Classes));
    float[] scaled = new float[first.Weights.Values.Length];
    TensorPrimitives.Multiply(first.Weights.Values, PixelScale, scaled);
    AddCompute("Conv", "conv1", "pixels", [First, 1, 3, 3], scaled, first.Bias, Nodes.Attribute("kernel_shape", [3L, 3]), Nodes.Attribute("pads", [1L, 1, 1, 1]));
    AddNode("Relu", "relu1", "conv1");
    AddCompute("Conv", "conv2", "relu1", [Second, First, 3, 3], second.Weights.Values, second.Bias, Nodes.Attribute("kernel_shape", [3L, 3]), Nodes.Attribute("pads", [1L, 1, 1, 1]));
    AddNode("Relu", "relu2", "conv2");
    AddNode("MaxPool", "pool", "relu2", Nodes.Attribute("kernel_shape", [2L, 2]), Nodes.Attribute("strides", [2L, 2]));
    AddNode("Flatten", "features", "pool");
    AddCompute("Gemm", "hidden", "features", [Hidden, Second * Size * Size / 4], hidden.Weights.Values, hidden.Bias, Nodes.Attribute("transB", 1));
    AddNode("Relu", "relu3", "hidden");
    AddCompute("Gemm", "scores", "relu3", [Classes, Hidden], scores.Weights.Values, scores.Bias, Nodes.Attribute("transB", 1));
    return new ModelProto { IrVersion = 8, ProducerName = "eng/TrainDigits.cs", Graph = graph, OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 13 } } };

    void AddNode(string op, string name, string input, params AttributeProto[] attributes) => graph.Node.Add(Nodes.Create(op, name, [input], [name], attributes));

    void AddCompute(string op, string name, string input, long[] shape, float[] weights, Parameter bias, params AttributeProto[] attributes)
    {
        graph.Initializer.Add(Tensors.Create($"{name}.weight", shape, weights));
        graph.Initializer.Add(Tensors.Create($"{name}.bias", [bias.Values.Length], bias.Values));
        graph.Node.Add(Nodes.Create(op, name, [input, $"{name}.weight", $"{name}.bias"], [name], attributes));
    }
}

static ValueInfoProto Info(string name, params long[] extents)
{
    TypeProto.Types.Tensor tensor = new() { ElemType = (int)TensorProto.Types.DataType.Float, Shape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimParam = "N" } } } };
    tensor.Shape.Dim.AddRange(extents.Select(extent => new TensorShapeProto.Types.Dimension { DimValue = extent }));
    return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
}

static IEnumerable<(float[], int)> ReadRows(string path)
{
    using StreamReader reader = new(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
    while (reader.ReadLine() is { } line)
    {
        int[] numbers = [.. line.Split(',').Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
        yield return ([.. numbers[..^1].Select(number => number * PixelScale)], numbers[^1]);
    }
}

static float[] Softmax(float[] scores)
{
    float[] shares = new float[scores.Length];
    TensorPrimitives.SoftMax<float>(scores, shares);
    return shares;
}

/// <summary>Weights with their gradient, and the averages that Adam keeps.</summary>
internal sealed class Parameter(float[] values)
{
    private readonly float[] _mean = new float[values.Length];
    private readonly float[] _variance = new float[values.Length];

    public float[] Values { get; } = values;

    public float[] Gradient { get; } = new float[values.Length];

    /// <summary>Uniform, sqrt(6 / fan-in) at most (He et al. 2015).</summary>
    public static Parameter Random(int count, int fanIn, Random random) => new([.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2 - 1) * MathF.Sqrt(6f / fanIn))]);

    /// <summary>One step against the gradient (Kingma and Ba 2015, algorithm 1), which begins anew.</summary>
    public void Adam(float rate, int step)
    {
        const float Beta1 = 0.9f, Beta2 = 0.999f, Epsilon = 1e-8f;
        float correction1 = 1 - MathF.Pow(Beta1, step), correction2 = 1 - MathF.Pow(Beta2, step);
        for (int i = 0; i < Values.Length; i++)
        {
            _mean[i] = Beta1 * _mean[i] + (1 - Beta1) * Gradient[i];
            _variance[i] = Beta2 * _variance[i] + (1 - Beta2) * Gradient[i] * Gradient[i];
            Values[i] -= rate * (_mean[i] / correction1) / (MathF.Sqrt(_variance[i] / correction2) + Epsilon);
        }
        Array.Clear(Gradient);
    }
}

/// <summary>A step of the network for one sample: forward, then backward, which adds to the gradients of its parameters.</summary>
internal interface ILayer
{
    IEnumerable<Parameter> Parameters { get; }

    float[] Forward(float[] input);

    /// <summary>The gradient of the loss by the input, from that by the output.</summary>
    float[] Backward(float[] gradient);
}

/// <summary>A 3x3 convolution with padding 1, as a product with the input's patches: a column a position.</summary>
internal sealed class Convolution(int inputs, int outputs, int size, Random random) : ILayer
{
    private const int Kernel = 3;
    private readonly Product _product = new(inputs * Kernel * Kernel, outputs, random, columns: size * size);

    public Parameter Weights => _product.Weights;

    public Parameter Bias => _product.Bias;

    public IEnumerable<Parameter> Parameters => _product.Parameters;

    public float[] Forward(float[] input)
    {
        float[] patches = new float[inputs * Kernel * Kernel * size * size];
        ForEachTap((pixel, patch) => patches[patch] = input[pixel]);
        return _product.Forward(patches);
    }

    public float[] Backward(float[] gradient)
    {
        float[] patches = _product.Backward(gradient);
        float[] result = new float[inputs * size * size];
        ForEachTap((pixel, patch) => result[pixel] += patches[patch]);
        return result;
    }

    private void ForEachTap(Action<int, int> tap)
    {
        for (int row = 0; row < inputs * Kernel * Kernel; row++)
        {
            int channel = row / (Kernel * Kernel), down = row / Kernel % Kernel - 1, right = row % Kernel - 1;
            for (int y = Math.Max(0, -down); y < Math.Min(size, size - down); y++)
                for (int x = Math.Max(0, -right); x < Math.Min(size, size - right); x++)
                    tap((channel * size + y + down) * size + x + right, (row * size + y) * size + x);
        }
    }
}

/// <summary>Weights [outputs, inputs] times the input [inputs, columns], and a bias.</summary>
internal sealed class Product(int inputs, int outputs, Random random, int columns = 1) : ILayer
{
    private float[] _input = [];

    public Parameter Weights { get; } = Parameter.Random(inputs * outputs, inputs, random);

    public Parameter Bias { get; } = new(new float[outputs]);

    public IEnumerable<Parameter> Parameters => [Weights, Bias];

    public float[] Forward(float[] input)
    {
        _input = input;
        float[] result = new float[outputs * columns];
        for (int o = 0; o < outputs; o++)
        {
            Span<float> row = result.AsSpan(o * columns, columns);
            row.Fill(Bias.Values[o]);
            if (columns == 1)
                row[0] += TensorPrimitives.Dot<float>(Weights.Values.AsSpan(o * inputs, inputs), input);
            else
                for (int i = 0; i < inputs; i++)
                    TensorPrimitives.MultiplyAdd(input.AsSpan(i * columns, columns), Weights.Values[o * inputs + i], row, row);
        }
        return result;
    }

    public float[] Backward(float[] gradient)
    {
        float[] result = new float[inputs * columns];
        for (int o = 0; o < outputs; o++)
        {
            Span<float> row = gradient.AsSpan(o * columns, columns);
            Bias.Gradient[o] += TensorPrimitives.Sum<float>(row);
            for (int i = 0; i < inputs; i++)
            {
                Span<float> column = result.AsSpan(i * columns, columns);
                Weights.Gradient[o * inputs + i] += TensorPrimitives.Dot<float>(row, _input.AsSpan(i * columns, columns));
                TensorPrimitives.MultiplyAdd(row, Weights.Values[o * inputs + i], column, column);
            }
        }
        return result;
    }
}

internal sealed class Relu : ILayer
{
    private float[] _output = [];

    public IEnumerable<Parameter> Parameters => [];

    public float[] Forward(float[] input) => _output = [.. input.Select(value => MathF.Max(value, 0))];

    public float[] Backward(float[] gradient) => [.. gradient.Zip(_output, (value, output) => output > 0 ? value : 0)];
}

/// <summary>The largest of each 2x2 pixels.</summary>
internal sealed class MaxPool(int channels, int size) : ILayer
{
    private int[] _from = [];

    public IEnumerable<Parameter> Parameters => [];

    public float[] Forward(float[] input)
    {
        int half = size / 2;
        _from = new int[channels * half * half];
        for (int i = 0; i < _from.Length; i++)
        {
            int corner = (i / half * 2 * size) + i % half * 2;
            _from[i] = new[] { corner, corner + 1, corner + size, corner + size + 1 }.MaxBy(pixel => input[pixel]);
        }
        return [.. _from.Select(pixel => input[pixel])];
    }

    public float[] Backward(float[] gradient)
    {
        float[] result = new float[channels * size * size];
        for (int i = 0; i < _from.Length; i++)
            result[_from[i]] += gradient[i];
        return result;
    }
}
