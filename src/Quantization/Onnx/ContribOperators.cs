using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Onnx;

/// <summary>The operators that ONNX Runtime adds to the standard's: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md.</summary>
public static class ContribOperators
{
    /// <summary>Their domain.</summary>
    public const string Domain = "com.microsoft";

    /// <summary>Makes the model import them, once.</summary>
    public static void ImportContribOperators(this ModelProto model)
    {
        if (model.OpsetImport.All(import => import.Domain != Domain))
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = Domain, Version = 1 });
    }
}
