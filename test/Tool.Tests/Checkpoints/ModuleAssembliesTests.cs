using System.Text.Json;
using Octet.Quantization;
using Octet.Runtime;
using Octet.Tool.Checkpoints;

namespace Octet.Tool.Tests.Checkpoints;

public class ModuleAssembliesTests
{
    private static readonly string Here = PathOf(typeof(ModuleAssembliesTests));
    private static readonly string Engine = PathOf(typeof(QuantizationRequest));
    private static readonly string Runtime = PathOf(typeof(NamedTensor));

    private sealed class Nested;

    [Fact]
    public void A_type_is_found_where_it_is_defined()
    {
        Assert.Equal(Here, ModuleAssemblies.Find(typeof(ModuleAssembliesTests).FullName!, Here, [Engine, Runtime]));
        Assert.Equal(Engine, ModuleAssemblies.Find("Octet.Quantization.QuantizationRequest", Here, [Runtime, Engine]));
        Assert.Equal(Here, ModuleAssemblies.Find(typeof(Nested).FullName!, Engine, [Here]));
        Assert.Equal(Here, ModuleAssemblies.Find(typeof(Nested).FullName!.Replace('+', '.'), Engine, [Here]));
        Assert.Equal(Engine, ModuleAssemblies.Find("QuantizationRequest", Here, [Runtime, Engine]));
        Assert.Equal(Runtime, ModuleAssemblies.Find("No.Such.NamedTensor", Runtime, [Here, Engine]));
    }

    [Fact]
    public void The_assembly_may_be_named_with_the_type()
    {
        Assert.Equal(Engine, ModuleAssemblies.Find("Octet.Quantization.QuantizationRequest, Octet.Quantization", Here, [Engine]));
        Assert.Equal(Engine, ModuleAssemblies.Find(typeof(QuantizationRequest).AssemblyQualifiedName!, Here, [Engine]));
        // Not there, though another one defines it: the export says so.
        Assert.Equal(Here, ModuleAssemblies.Find("Octet.Quantization.QuantizationRequest, Octet.Runtime", Here, [Engine, Runtime]));
    }

    [Fact]
    public void What_is_no_assembly_defines_nothing()
    {
        string text = Path.GetTempFileName();
        File.WriteAllText(text, "no assembly");
        Assert.Equal("/none/App.dll", ModuleAssemblies.Find("No.Such", "/none/App.dll", [text, Engine]));
        Assert.Equal(["/none/App.dll"], ModuleAssemblies.Closure("/none/App.dll", [text, Engine]).AsEnumerable());
        File.Delete(text);
    }

    [Fact]
    public void What_an_assembly_needs_is_found_through_others_and_nothing_else()
    {
        string json = PathOf(typeof(JsonSerializer));
        string unrelated = PathOf(typeof(Xunit.Assert));
        Assert.Equal([Engine, Runtime], ModuleAssemblies.Closure(Engine, [unrelated, Runtime, Engine]).AsEnumerable());
        Assert.Equal([Runtime, json], ModuleAssemblies.Closure(Runtime, [json, Engine, unrelated, "/elsewhere/System.Text.Json.dll"]).AsEnumerable());
    }

    private static string PathOf(Type type) => type.Assembly.Location;
}
