using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Octet.Tool.Checkpoints;

/// <summary>The assemblies that a module may be of. Their metadata is read; nothing of them is loaded or run.</summary>
internal static class ModuleAssemblies
{
    /// <summary>The assembly that defines a type: the first one, or the first of the references that does.</summary>
    /// <param name="type">The type's full name, or its name alone; the name of its assembly may follow a comma.</param>
    /// <param name="first">Where it is looked for first, absolute.</param>
    /// <param name="references">Where it is looked for next, absolute.</param>
    /// <returns>The assembly's path; <paramref name="first"/> where none defines the type, so that the export says what is wrong.</returns>
    public static string Find(string type, string first, IEnumerable<string> references)
    {
        (string name, string assembly) = type.Split(',', 2, StringSplitOptions.TrimEntries) is [var full, var of] ? (full, of.Split(',')[0]) : (type, "");
        return references.Prepend(first)
            .FirstOrDefault(path => (assembly.Length == 0 || SimpleName(path).Equals(assembly, StringComparison.OrdinalIgnoreCase)) && Read(path, metadata => Defines(metadata, name))) ?? first;
    }

    /// <summary>An assembly and those of its references that it needs, directly or through others: what a module's behaviour depends on.</summary>
    /// <param name="assembly">The module's, absolute.</param>
    /// <param name="references">All that there are, absolute; of two with one name the first counts.</param>
    public static ImmutableArray<string> Closure(string assembly, IEnumerable<string> references)
    {
        Dictionary<string, string> known = new(StringComparer.OrdinalIgnoreCase);
        foreach (string path in references)
            known.TryAdd(SimpleName(path), path);
        known.Remove(SimpleName(assembly));

        SortedDictionary<string, string> needed = new(StringComparer.Ordinal);
        Stack<string> open = new([assembly]);
        while (open.TryPop(out string? path))
            foreach (string name in Read(path, References) ?? [])
                if (known.Remove(name, out string? reference))
                {
                    needed.Add(name, reference);
                    open.Push(reference);
                }
        return [assembly, .. needed.Values];
    }

    private static bool Defines(MetadataReader metadata, string name) => metadata.TypeDefinitions.Any(handle =>
        FullName(metadata, handle) == name.Replace('+', '.') || metadata.GetString(metadata.GetTypeDefinition(handle).Name) == name);

    private static string FullName(MetadataReader metadata, TypeDefinitionHandle handle)
    {
        TypeDefinition type = metadata.GetTypeDefinition(handle);
        string name = metadata.GetString(type.Name);
        if (type.GetDeclaringType() is { IsNil: false } outer)
            return $"{FullName(metadata, outer)}.{name}";
        return metadata.GetString(type.Namespace) is { Length: > 0 } space ? $"{space}.{name}" : name;
    }

    private static string[] References(MetadataReader metadata) =>
        [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];

    // What is no assembly defines no type and needs nothing.
    private static T? Read<T>(string path, Func<MetadataReader, T> read)
    {
        try
        {
            using PEReader file = new(File.OpenRead(path));
            return file.HasMetadata ? read(file.GetMetadataReader()) : default;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or BadImageFormatException)
        {
            return default;
        }
    }

    private static string SimpleName(string path) => Path.GetFileNameWithoutExtension(path);
}
