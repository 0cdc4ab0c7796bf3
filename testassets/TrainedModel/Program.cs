using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using TrainedModel;

// Runs the model on the numbers it is given, and prints the outputs.
float[] input = [.. args.Select(number => float.Parse(number, CultureInfo.InvariantCulture))];
using InferenceSession session = QuantizedModels.Weights.CreateSession();
using OrtValue value = OrtValue.CreateTensorValueFromMemory(input, [1, input.Length]);
using RunOptions options = new();
using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, new Dictionary<string, OrtValue> { ["input"] = value }, session.OutputNames);
Console.WriteLine(string.Join(' ', outputs[0].GetTensorDataAsSpan<float>().ToArray().Select(number => number.ToString("R", CultureInfo.InvariantCulture))));
