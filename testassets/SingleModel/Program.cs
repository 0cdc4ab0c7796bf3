using Microsoft.ML.OnnxRuntime;
using SingleModel;

using InferenceSession session = QuantizedModels.Direction.CreateSession();
Console.WriteLine($"{QuantizedModels.Direction.Name}: {QuantizedModels.Direction.Selection.Variant}");
