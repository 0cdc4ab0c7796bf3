namespace Octet.Repository.Tests;

/// <summary>Asserts that a check found nothing, and prints all that it found otherwise.</summary>
internal static class Problems
{
    public static void AssertNone(IEnumerable<string> problems)
    {
        string[] found = [.. problems];
        Assert.True(found.Length == 0, $"{found.Length} problems:\n{string.Join('\n', found)}");
    }
}
