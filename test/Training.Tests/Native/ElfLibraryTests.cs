using CsCheck;
using Octet.Training.Native;

namespace Octet.Training.Tests.Native;

public class ElfLibraryTests
{
    private const string CppLibrary = "libstdc++.so.6";
    private static readonly byte[] Binding = File.ReadAllBytes(TorchFiles.Find(new TorchNativeOptions { Folders = TorchFolders.All }).Binding);

    [Fact]
    public void The_newest_version_that_the_binding_asks_for_is_used_by_nothing()
    {
        ElfLibrary elf = ElfLibrary.Read(Binding);
        RequiredVersion newest = elf.RequiredVersions.Single(version => version.Name == "GLIBCXX_3.4.32");
        Assert.Equal(CppLibrary, newest.Library);
        Assert.DoesNotContain(newest.Index, elf.UsedVersions);
        Assert.Contains(elf.RequiredVersions.Single(version => version.Name == "GLIBCXX_3.4.21").Index, elf.UsedVersions);
    }

    [Fact]
    public void Only_the_flags_of_missing_versions_change()
    {
        ElfLibrary elf = ElfLibrary.Read(Binding);
        IReadOnlySet<string> defined = elf.RequiredVersions.Select(version => version.Name).Where(name => name != "GLIBCXX_3.4.32").ToHashSet();
        RequiredVersion missing = Assert.Single(WeakenedLibrary.Missing(elf, CppLibrary, defined));
        byte[] weak = WeakenedLibrary.Weaken(Binding, [missing]);
        int[] changed = [.. Enumerable.Range(0, Binding.Length).Where(i => weak[i] != Binding[i])];
        Assert.Equal([missing.FlagsOffset], changed);
        Assert.Equal(ElfLibrary.WeakVersion, weak[missing.FlagsOffset]);
    }

    [Fact]
    public void A_cpp_library_defines_what_others_ask_of_it()
    {
        string path = File.ReadLines("/proc/self/maps").Select(line => line[Math.Max(0, line.IndexOf('/'))..]).First(file => file.Contains(CppLibrary, StringComparison.Ordinal));
        IReadOnlySet<string> defined = ElfLibrary.Read(File.ReadAllBytes(path)).DefinedVersions;
        Assert.Contains("GLIBCXX_3.4.21", defined);
        Assert.DoesNotContain("GLIBCXX_99", defined);
    }

    [Fact]
    public void A_damaged_copy_in_the_cache_is_written_again()
    {
        string folder = Directory.CreateTempSubdirectory("octet-").FullName;
        string path = WeakenedLibrary.Keep(folder, "library.so", [1, 2, 3]);
        File.WriteAllBytes(path, [1]);
        Assert.Equal(path, WeakenedLibrary.Keep(folder, "library.so", [1, 2, 3]));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Single(Directory.GetFiles(folder, "*", SearchOption.AllDirectories));
        Directory.Delete(folder, recursive: true);
    }

    // Any reading outside of the file is one kind of exception, never a crash.
    [Fact]
    public void A_damaged_file_is_read_or_refused() => Gen.Select(Gen.Int[0, 4096], Gen.Byte, Gen.Int[0, Binding.Length]).Array[1, 8].Sample(changes =>
    {
        byte[] damaged = Binding[..changes[0].Item3];
        foreach ((int offset, byte value, _) in changes)
            if (offset < damaged.Length)
                damaged[offset] = value;
        try
        {
            ElfLibrary.Read(damaged);
        }
        catch (InvalidDataException)
        {
        }
    }, iter: 200);
}
