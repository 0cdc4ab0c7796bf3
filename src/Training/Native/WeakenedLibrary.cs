using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Octet.Training.Native;

/// <summary>
/// A copy of a library that loads although this machine's C++ library lacks versions that it asks for. A version that no relocation needs is asked for in vain
/// (an inline marker of a newer compiler); marked weak in the copy, the dynamic linker does without it.
/// </summary>
internal static class WeakenedLibrary
{
    /// <summary>The versions of <paramref name="library"/> that this machine's does not define.</summary>
    /// <param name="elf">The library that asks.</param>
    /// <param name="library">A soname, as <c>libstdc++.so.6</c>.</param>
    /// <param name="defined">The versions that the machine's library of that soname defines.</param>
    public static IReadOnlyList<RequiredVersion> Missing(ElfLibrary elf, string library, IReadOnlySet<string> defined) =>
        [.. elf.RequiredVersions.Where(version => version.Library == library && !defined.Contains(version.Name))];

    /// <summary>The library's bytes with those versions marked weak.</summary>
    public static byte[] Weaken(byte[] bytes, IEnumerable<RequiredVersion> versions)
    {
        byte[] copy = [.. bytes];
        foreach (RequiredVersion version in versions)
        {
            Span<byte> flags = copy.AsSpan(version.FlagsOffset, sizeof(ushort));
            BinaryPrimitives.WriteUInt16LittleEndian(flags, (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(flags) | ElfLibrary.WeakVersion));
        }
        return copy;
    }

    /// <summary>Puts the copy into a folder that its hash names, unless it is there already with these very bytes.</summary>
    /// <param name="folder">The cache's folder.</param>
    /// <param name="fileName">The copy's file name.</param>
    /// <param name="bytes">The copy.</param>
    /// <returns>The copy's path.</returns>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public static string Keep(string folder, string fileName, byte[] bytes)
    {
        string path = Path.Combine(folder, Convert.ToHexString(SHA256.HashData(bytes)).ToLowerInvariant(), fileName);
        if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes))
            return path;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            File.WriteAllBytes(temporary, bytes);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
        return path;
    }
}
