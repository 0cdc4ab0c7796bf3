using System.Runtime.InteropServices;

namespace Octet.Runtime;

/// <summary>Where Octet keeps what it can make again.</summary>
public static class UserCacheFolder
{
    /// <summary>The folder <c>octet</c> in the user's cache folder, which need not exist; null where the system has none, as for some services.</summary>
    /// <remarks>
    /// XDG_CACHE_HOME or ~/.cache on Linux, ~/Library/Caches on macOS, the local application data on Windows.
    /// </remarks>
    public static string? Find()
    {
        string root;
        if (RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
        {
            root = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        }
        else
        {
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            string? configured = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            if (RuntimeInformation.IsOSPlatform(OSPlatform.OSX))
                root = home.Length == 0 ? "" : Path.Combine(home, "Library", "Caches");
            // The XDG base directory specification: a relative path is invalid and ignored.
            else if (configured is { Length: > 0 } && Path.IsPathRooted(configured))
                root = configured;
            else
                root = home.Length == 0 ? "" : Path.Combine(home, ".cache");
        }
        return root.Length == 0 ? null : Path.Combine(root, "octet");
    }
}
