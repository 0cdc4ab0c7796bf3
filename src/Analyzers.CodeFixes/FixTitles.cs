using System.Resources;
using Microsoft.CodeAnalysis;

namespace Octet.Analyzers;

/// <summary>What the editor's menu calls each fix.</summary>
internal static class FixTitles
{
    private static readonly ResourceManager Texts = new("Octet.Analyzers.FixMessages", typeof(FixTitles).Assembly);

    /// <summary>The title in the editor's language.</summary>
    public static string Of(string resource) => new LocalizableResourceString(resource, Texts, typeof(FixTitles)).ToString();
}
