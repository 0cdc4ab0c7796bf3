namespace Octet.Quantization.Reporting;

/// <summary>A report.json that cannot be understood. The message says where and why, in words for a user.</summary>
public sealed class ReportFormatException : FormatException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">Where and why.</param>
    /// <param name="inner">What the reader threw, if it threw.</param>
    public ReportFormatException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
