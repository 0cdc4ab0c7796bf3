using System.Globalization;
using System.Resources;

namespace Octet.Training.Diagnostics;

/// <summary>Preparation or training cannot go on. The message begins with a code, which has a page in docs/diagnostics.</summary>
public sealed class TrainingException : Exception
{
    private static readonly ResourceManager Texts = new("Octet.Training.Diagnostics.Messages", typeof(TrainingException).Assembly);

    internal TrainingException(string code, params object[] arguments)
        : base($"{code}: {string.Format(CultureInfo.InvariantCulture, Texts.GetString(code, CultureInfo.InvariantCulture)!, arguments)}") => Code = code;

    /// <summary>OCT and four digits.</summary>
    public string Code { get; }
}
