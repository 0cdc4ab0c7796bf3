namespace Octet.Runtime.Tests;

[Collection(nameof(EnvironmentTests))]
public sealed class UserCacheFolderTests
{
    [Fact]
    public void Lies_in_the_users_cache() => Assert.Equal("octet", Path.GetFileName(UserCacheFolder.Find()));

    [Fact]
    public void Linux_follows_xdg()
    {
        if (!OperatingSystem.IsLinux())
            return;
        string? before = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        try
        {
            Environment.SetEnvironmentVariable("XDG_CACHE_HOME", "/somewhere/else");
            Assert.Equal("/somewhere/else/octet", UserCacheFolder.Find());
            Environment.SetEnvironmentVariable("XDG_CACHE_HOME", "not/rooted");
            Assert.EndsWith("/.cache/octet", UserCacheFolder.Find());
        }
        finally
        {
            Environment.SetEnvironmentVariable("XDG_CACHE_HOME", before);
        }
    }
}
