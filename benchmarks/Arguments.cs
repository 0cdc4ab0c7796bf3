namespace Octet.Benchmarks;

/// <summary>The benchmarks' command line.</summary>
internal static class Arguments
{
    /// <summary>The word behind an option; null where it is not given.</summary>
    public static string? Option(string[] args, string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;

    /// <summary>Bad usage.</summary>
    public static int Refuse(string message)
    {
        Console.Error.WriteLine(message);
        return 2;
    }
}
