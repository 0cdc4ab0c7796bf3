using Microsoft.ML.OnnxRuntime;
using Quickstart;

// The drop-in for new InferenceSession("models/direction.onnx"): the first call measures the variants on this machine.
using InferenceSession session = QuantizedModels.Direction.CreateSession();
Console.WriteLine(QuantizedModels.Direction.Selection);
Console.WriteLine();

string folder = Path.Combine(AppContext.BaseDirectory, "images");
int right = 0;
string[] lines = [.. File.ReadLines(Path.Combine(folder, "labels.csv")).Skip(1)];
Console.WriteLine("image   is           the model says");
foreach (string[] row in lines.Select(line => line.Split(',')))
{
    (string image, string label) = (row[0], row[1]);
    using OrtValue input = OrtValue.CreateTensorValueFromMemory(TextLine.Read(Path.Combine(folder, image)), TextLine.Shape);
    using RunOptions options = new();
    using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, session.InputNames, [input], session.OutputNames);
    ReadOnlySpan<float> probabilities = outputs[0].GetTensorDataAsSpan<float>();
    string answer = probabilities[0] >= probabilities[1] ? "upright" : "upside-down";
    right += answer == label ? 1 : 0;
    Console.WriteLine($"{image}  {label,-11}  {answer,-11}  {Math.Max(probabilities[0], probabilities[1]):P1}");
}
Console.WriteLine($"{right} of {lines.Length} right");
