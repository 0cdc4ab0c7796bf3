using System.Reflection;
using System.Runtime.CompilerServices;
using Octet.Training.Native;

namespace Octet.Torch.Tests;

/// <summary>The package folders of the native libraries, which are loaded before the first test.</summary>
internal static class TorchFolders
{
    public static string[] All { get; } =
        typeof(TorchFolders).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "TorchFolders").Value!.Split(';', StringSplitOptions.RemoveEmptyEntries);

    public static TorchNativeLoad Load { get; private set; } = null!;

    [ModuleInitializer]
    internal static void Initialize() => Load = TorchNative.Load(new TorchNativeOptions { Folders = All });
}
