using System.Collections.Immutable;
using System.Globalization;

namespace Octet.Tool;

/// <summary>Shapes as users write them: <c>input=1,3,224,224</c>.</summary>
internal static class InputShapes
{
    /// <summary>Parses several; null where one is malformed.</summary>
    public static ImmutableDictionary<string, ImmutableArray<long>>? Parse(IEnumerable<string> texts)
    {
        ImmutableDictionary<string, ImmutableArray<long>>.Builder shapes = ImmutableDictionary.CreateBuilder<string, ImmutableArray<long>>(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            // A name may hold '=' itself; extents never do.
            int equals = text.LastIndexOf('=');
            if (equals <= 0)
                return null;
            ImmutableArray<long>.Builder extents = ImmutableArray.CreateBuilder<long>();
            foreach (string part in text[(equals + 1)..].Split(','))
            {
                if (!long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out long extent) || extent <= 0)
                    return null;
                extents.Add(extent);
            }
            shapes[text[..equals]] = extents.ToImmutable();
        }
        return shapes.ToImmutable();
    }
}
