namespace Octet.Training.Native;

/// <summary>Where patched copies are kept.</summary>
internal static class UserCache
{
    /// <summary>The folder <c>octet/torch</c> in the user's cache folder, which need not exist; null where the system has none, as for some services.</summary>
    /// <remarks>Only Linux patches: XDG_CACHE_HOME, where it is an absolute path, or ~/.cache.</remarks>
    public static string? TorchFolder()
    {
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string? root = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } configured && Path.IsPathRooted(configured) ? configured
            : home.Length > 0 ? Path.Combine(home, ".cache")
            : null;
        return root is null ? null : Path.Combine(root, "octet", "torch");
    }
}
