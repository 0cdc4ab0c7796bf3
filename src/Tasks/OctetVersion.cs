using System.Reflection;

namespace Octet.Tasks;

/// <summary>The version of the package that this assembly came with.</summary>
internal static class OctetVersion
{
    /// <summary>Without the commit.</summary>
    public static string Current { get; } = typeof(OctetVersion).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>().InformationalVersion.Split('+')[0];
}
