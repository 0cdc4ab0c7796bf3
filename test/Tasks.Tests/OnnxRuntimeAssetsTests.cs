using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace Octet.Tasks.Tests;

public sealed class OnnxRuntimeAssetsTests : IDisposable
{
    private readonly ProjectFolder _packages = new();

    public void Dispose() => _packages.Dispose();

    [Theory]
    [InlineData("linux-x64", "runtimes/linux-x64/native/libonnxruntime.so")]
    [InlineData("osx-arm64", "runtimes/osx-arm64/native/libonnxruntime.dylib")]
    [InlineData("win-arm64", "runtimes/win-arm64/native/onnxruntime.dll")]
    [InlineData("linux-musl-x64", "runtimes/linux-x64/native/libonnxruntime.so")]
    public void A_portable_project_has_every_platform(string runtimeIdentifier, string expected)
    {
        ITaskItem[] native =
        [
            Asset("ort", "runtimes/linux-x64/native/libonnxruntime_providers_shared.so"), Asset("ort", "runtimes/linux-x64/native/libonnxruntime.so"),
            Asset("ort", "runtimes/osx-arm64/native/libonnxruntime.dylib"), Asset("ort", "runtimes/win-arm64/native/onnxruntime.dll"),
        ];
        Assert.Equal(_packages["ort/" + expected], Find(native, runtimeIdentifier));
    }

    [Fact]
    public void A_project_for_another_platform_has_the_build_machines_library_in_the_same_package()
    {
        Asset("ort", "runtimes/linux-x64/native/libonnxruntime.so");
        Assert.Equal(_packages["ort/runtimes/linux-x64/native/libonnxruntime.so"], Find([Asset("ort", "runtimes/win-x64/native/onnxruntime.dll")], "linux-x64"));
    }

    [Fact]
    public void A_package_for_gpus_serves_as_well() => Assert.Equal(
        _packages["ort.gpu.linux/runtimes/linux-x64/native/libonnxruntime.so"],
        Find([Asset("ort.gpu.linux", "runtimes/linux-x64/native/libonnxruntime_providers_cuda.so"), Asset("ort.gpu.linux", "runtimes/linux-x64/native/libonnxruntime.so")], "linux-x64"));

    [Fact]
    public void A_platform_that_no_package_has_gives_none() =>
        Assert.Equal("", Find([Asset("directml", "runtimes/win-x64/native/onnxruntime.dll"), new TaskItem("/somewhere/libother.so")], "linux-x64"));

    [Fact]
    public void The_managed_assembly_for_dotnet_goes_before_the_projects_own()
    {
        ITaskItem old = Asset("managed", "lib/netstandard2.0/Microsoft.ML.OnnxRuntime.dll");
        Assert.Equal(old.ItemSpec, OnnxRuntimeAssets.Find([new TaskItem("/x/Other.dll"), old], [], "linux-x64").Managed);
        Asset("managed", "lib/net8.0/Microsoft.ML.OnnxRuntime.dll");
        Assert.Equal(_packages["managed/lib/net8.0/Microsoft.ML.OnnxRuntime.dll"], OnnxRuntimeAssets.Find([old], [], "linux-x64").Managed);
        Assert.Equal("", OnnxRuntimeAssets.Find([], [], "linux-x64").Managed);
    }

    private static string Find(ITaskItem[] native, string runtimeIdentifier) => OnnxRuntimeAssets.Find([], native, runtimeIdentifier).Native;

    private ITaskItem Asset(string package, string path) =>
        EscapedItem.Create(_packages.Write($"{package}/{path}"), ("PathInPackage", path));
}
