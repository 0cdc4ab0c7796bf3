using System.Globalization;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace Octet.Tasks;

/// <summary>Items for MSBuild, which takes what a task gives as escaped text.</summary>
internal static class EscapedItem
{
    private const string Special = "%*?@$();'";

    /// <summary>An item of a path and metadata, both plain text.</summary>
    public static ITaskItem Create(string path, params (string Name, string Value)[] metadata)
    {
        TaskItem item = new(Escape(path));
        foreach ((string name, string value) in metadata)
            item.SetMetadata(name, Escape(value));
        return item;
    }

    private static string Escape(string text)
    {
        if (text.IndexOfAny(Special.ToCharArray()) < 0)
            return text;
        StringBuilder escaped = new();
        foreach (char character in text)
        {
            if (Special.IndexOf(character) >= 0)
                escaped.Append('%').Append(((int)character).ToString("x2", CultureInfo.InvariantCulture));
            else
                escaped.Append(character);
        }
        return escaped.ToString();
    }
}
