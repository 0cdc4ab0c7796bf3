namespace Octet.Tool.Output;

/// <summary>What the process returns. Anything else is a crash.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int BadUsage = 2;
    public const int Crashed = 70;
}
