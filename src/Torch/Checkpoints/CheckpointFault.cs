using System.Text;

namespace Octet.Torch.Checkpoints;

/// <summary>
/// Why a file cannot be used: the code of the diagnostic and the reason that fits into its text. Readers know parts of a file only;
/// <see cref="CheckpointReader"/> knows its path and makes the diagnostic.
/// </summary>
internal sealed class CheckpointFault(string code, string reason, Exception? inner = null) : Exception(reason, inner)
{
    /// <summary>OCT and four digits.</summary>
    public string Code { get; } = code;

    /// <summary>The file cannot be opened or read.</summary>
    public static CheckpointFault Unreadable(string reason, Exception inner) => new("OCT2121", reason, inner);

    /// <summary>The file is no checkpoint.</summary>
    public static CheckpointFault Unknown(string reason) => new("OCT2122", reason);

    /// <summary>The file contradicts itself or its format.</summary>
    public static CheckpointFault Damaged(string reason, Exception? inner = null) => new("OCT2123", reason, inner);

    /// <summary>The file's pickle would run code.</summary>
    public static CheckpointFault Forbidden(string what) => new("OCT2124", what);

    /// <summary>The file is sound, but holds what cannot be read.</summary>
    public static CheckpointFault Unsupported(string reason) => new("OCT2125", reason);

    /// <summary>The file is of a form that was given up.</summary>
    public static CheckpointFault Legacy(string reason) => new("OCT2126", reason);

    /// <summary>The file holds no named tensors.</summary>
    public static CheckpointFault Empty(string reason) => new("OCT2127", reason);

    /// <summary>A text out of an untrusted file as it can stand in a message: short, on one line.</summary>
    public static string Quote(string text)
    {
        const int Longest = 100;
        var quoted = new StringBuilder();
        foreach (char c in text.Length > Longest ? text[..Longest] + "..." : text)
            quoted.Append(char.IsControl(c) || char.IsSurrogate(c) ? '?' : c);
        return quoted.ToString();
    }
}
