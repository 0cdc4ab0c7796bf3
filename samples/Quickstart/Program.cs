using Microsoft.ML.OnnxRuntime;
using Quickstart;

using InferenceSession session = QuantizedModels.Direction.CreateSession();
Console.WriteLine(QuantizedModels.Direction.Selection);
