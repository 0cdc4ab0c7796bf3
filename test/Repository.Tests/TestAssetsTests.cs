namespace Octet.Repository.Tests;

/// <summary>Nothing lies in testassets without saying where it came from and under which licence.</summary>
public class TestAssetsTests
{
    [Fact]
    public void Every_model_and_data_file_is_named_in_a_licence_or_readme_beside_it()
    {
        string[] assets = [.. Checkout.FilesUnder("testassets/models/", "").Concat(Checkout.FilesUnder("testassets/data/", ""))];
        Assert.NotEmpty(assets);
        Problems.AssertNone(
            from asset in assets
            where !IsNotice(asset)
            let folder = asset[..(asset.LastIndexOf('/') + 1)]
            let notices = assets.Where(other => IsNotice(other) && other.LastIndexOf('/') + 1 == folder.Length && other.StartsWith(folder, StringComparison.Ordinal))
            let name = asset[folder.Length..]
            where !notices.Any(notice => Checkout.ReadText(notice).Contains(name, StringComparison.Ordinal))
            select $"{asset} is named in no README or LICENSE of its folder");
    }

    private static bool IsNotice(string path)
    {
        string name = path[(path.LastIndexOf('/') + 1)..];
        return name.StartsWith("README", StringComparison.OrdinalIgnoreCase) || name.StartsWith("LICEN", StringComparison.OrdinalIgnoreCase);
    }
}
