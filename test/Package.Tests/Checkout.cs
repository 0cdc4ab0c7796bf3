using System.Reflection;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Octet.Package.Tests;

/// <summary>What these tests were built from.</summary>
internal static class Checkout
{
    private static readonly Dictionary<string, string?> Metadata =
        typeof(Checkout).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().ToDictionary(attribute => attribute.Key, attribute => attribute.Value);

    /// <summary>The repository's folder.</summary>
    public static string Root => Metadata["Root"]!;

    /// <summary>The configuration of the build, which the packages share: they are packed from what is built already.</summary>
    public static string Configuration => Metadata["Configuration"]!;

    /// <summary>The dotnet that built the tests.</summary>
    public static string DotNet => Metadata["DotNet"]!;

    /// <summary>The version of TorchSharp that this repository builds with.</summary>
    public static string TorchSharpVersion => Metadata["TorchSharpVersion"]!;

    /// <summary>The version of libtorch that belongs to it.</summary>
    public static string LibtorchVersion => Metadata["LibtorchVersion"]!;

    /// <summary>The folder with FakeTool.dll.</summary>
    public static string FakeTool => Metadata["FakeTool"]!;
}
