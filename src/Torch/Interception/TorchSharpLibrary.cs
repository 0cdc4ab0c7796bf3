using System.Reflection;
using System.Runtime.Loader;
using Octet.Quantization.Diagnostics;
using Octet.Training.Native;

namespace Octet.Torch.Interception;

/// <summary>Binds a process to the rewritten TorchSharp, and to the assemblies and native libraries of the application whose module is exported.</summary>
internal static class TorchSharpLibrary
{
    /// <summary>Sets where assemblies are found. Call it before any type of TorchSharp is touched, in a process whose own files do not have it.</summary>
    /// <param name="assembly">The assembly with the module type.</param>
    /// <param name="references">Assemblies that it may refer to besides those that lie beside it or that its dependencies name.</param>
    /// <param name="torchSharp">The TorchSharp.dll that it was compiled against, or null for the one that its dependencies name.</param>
    /// <param name="cacheFolder">Where the rewritten copy is kept.</param>
    /// <exception cref="DiagnosticException">OCT2101: there is no TorchSharp. OCT2102: the assembly is none.</exception>
    public static void Use(string assembly, IReadOnlyList<string> references, string? torchSharp, string cacheFolder)
    {
        AssemblyDependencyResolver dependencies = Resolver(assembly);
        string original = torchSharp ?? dependencies.ResolveAssemblyToPath(new AssemblyName(TorchSharpRewriter.AssemblyName)) ?? Beside(assembly, TorchSharpRewriter.AssemblyName)
            ?? throw DiagnosticCatalog.Exception("OCT2101", assembly, $"neither beside the assembly nor among the packages that its .deps.json names is a {TorchSharpRewriter.AssemblyName}.dll. Reference the package TorchSharp-cpu, or give the folder with --torch-folder");
        string rewritten;
        try
        {
            rewritten = TorchSharpRewriter.Rewritten(original, cacheFolder);
        }
        catch (Exception exception) when (exception is BadImageFormatException or IOException or UnauthorizedAccessException)
        {
            throw DiagnosticCatalog.Exception("OCT2102", original, exception.Message.TrimEnd('.'));
        }
        AssemblyLoadContext.Default.Resolving += (context, name) =>
            name.Name == TorchSharpRewriter.AssemblyName ? context.LoadFromAssemblyPath(rewritten)
            : (dependencies.ResolveAssemblyToPath(name) ?? Beside(assembly, name.Name) ?? references.FirstOrDefault(reference => Path.GetFileNameWithoutExtension(reference) == name.Name)) is { } path ? context.LoadFromAssemblyPath(path)
            : null;
        AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) =>
            dependencies.ResolveUnmanagedDllToPath(name) is { } path ? System.Runtime.InteropServices.NativeLibrary.Load(path) : 0;
    }

    /// <summary>Loads libtorch.</summary>
    /// <param name="assembly">The assembly with the module type, whose dependencies name libtorch's package.</param>
    /// <param name="folders">Folders that are looked at first.</param>
    /// <exception cref="DiagnosticException">OCT2101: there is none that loads.</exception>
    public static TorchNativeLoad LoadNative(string assembly, IReadOnlyList<string> folders)
    {
        string dependencies = Path.ChangeExtension(assembly, ".deps.json");
        try
        {
            return TorchNative.Load(new TorchNativeOptions { Folders = [.. folders, Path.GetDirectoryName(assembly)!], DependenciesFile = File.Exists(dependencies) ? dependencies : null });
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException or IOException or UnauthorizedAccessException)
        {
            throw DiagnosticCatalog.Exception("OCT2101", assembly, exception.Message.TrimEnd('.'));
        }
    }

    private static AssemblyDependencyResolver Resolver(string assembly)
    {
        try
        {
            return new AssemblyDependencyResolver(assembly);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException or IOException)
        {
            throw DiagnosticCatalog.Exception("OCT2102", assembly, exception.Message.TrimEnd('.'));
        }
    }

    private static string? Beside(string assembly, string? name) =>
        Path.Combine(Path.GetDirectoryName(assembly)!, $"{name}.dll") is var path && File.Exists(path) ? path : null;
}
