namespace Octet.Quantization.Calibration.Data;

/// <summary>A file, or one sample of it, cannot be used; the message is a reason that fits into OCT3002, without a full stop.</summary>
internal sealed class UnreadableDataException(string reason, Exception? inner = null) : Exception(reason, inner)
{
    /// <summary>The reason that a user is told for what went wrong while a file was read; null for a fault of the program.</summary>
    public static string? Describe(Exception exception) => exception switch
    {
        UnreadableDataException => exception.Message,
        // Thrown by the reader of .npy, whose messages are written for users.
        InvalidDataException => exception.Message.TrimEnd('.'),
        FileNotFoundException or DirectoryNotFoundException => "it is not there",
        UnauthorizedAccessException => "access to it is denied",
        IOException => "the file system reports an error while it is read",
        OutOfMemoryException => "it needs more memory than there is",
        _ => null,
    };
}
