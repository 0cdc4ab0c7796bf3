using Mono.Cecil;
using Octet.Quantization.Tests;
using Octet.Torch.Interception;
using TorchSharp;

namespace Octet.Torch.Tests.Interception;

public class TorchSharpRewriterTests
{
    [Fact]
    public void Every_native_call_is_told_of_and_nothing_else_changes()
    {
        using ScratchFolder folder = new();
        string original = typeof(torch).Assembly.Location;
        string rewritten = TorchSharpRewriter.Rewritten(original, folder.Path);
        Assert.Equal(rewritten, TorchSharpRewriter.Rewritten(original, folder.Path));
        using AssemblyDefinition before = AssemblyDefinition.ReadAssembly(original);
        using AssemblyDefinition after = AssemblyDefinition.ReadAssembly(rewritten);

        string[] natives = [.. Natives(before)];
        Assert.NotEmpty(natives);
        Assert.Equal(natives.Select(name => $"{name}__native").Order(), Natives(after).Order());
        // What others bind to is the same.
        Assert.Equal(before.Name.FullName, after.Name.FullName);
        Assert.Equal(Signatures(before), Signatures(after));
    }

    private static IEnumerable<string> Natives(AssemblyDefinition assembly) =>
        from type in assembly.MainModule.GetTypes()
        from method in type.Methods
        where method.HasPInvokeInfo && method.PInvokeInfo.Module.Name == "LibTorchSharp"
        select method.Name;

    private static string[] Signatures(AssemblyDefinition assembly) =>
    [
        .. (from type in assembly.MainModule.GetTypes()
            from method in type.Methods
            where !method.Name.EndsWith("__native", StringComparison.Ordinal)
            select method.FullName).Order(StringComparer.Ordinal),
    ];
}
