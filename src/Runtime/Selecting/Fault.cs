namespace Octet.Runtime;

/// <summary>What of an exception belongs in a sentence.</summary>
internal static class Fault
{
    /// <summary>The first line of the message: ONNX Runtime's go on with its own source lines.</summary>
    public static string Of(Exception exception) => exception.Message.Split('\n')[0].Trim();
}
