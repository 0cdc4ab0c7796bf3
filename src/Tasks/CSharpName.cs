using System.Globalization;
using System.Text;

namespace Octet.Tasks;

/// <summary>Makes names that the C# compiler takes.</summary>
internal static class CSharpName
{
    private static readonly HashSet<string> Keywords = new(StringComparer.Ordinal)
    {
        "abstract", "as", "base", "bool", "break", "byte", "case", "catch", "char", "checked", "class", "const", "continue", "decimal",
        "default", "delegate", "do", "double", "else", "enum", "event", "explicit", "extern", "false", "finally", "fixed", "float", "for",
        "foreach", "goto", "if", "implicit", "in", "int", "interface", "internal", "is", "lock", "long", "namespace", "new", "null",
        "object", "operator", "out", "override", "params", "private", "protected", "public", "readonly", "ref", "return", "sbyte",
        "sealed", "short", "sizeof", "stackalloc", "static", "string", "struct", "switch", "this", "throw", "true", "try", "typeof",
        "uint", "ulong", "unchecked", "unsafe", "ushort", "using", "virtual", "void", "volatile", "while",
    };

    // Names that a member of the generated class cannot have: its own and those that it inherits.
    private static readonly HashSet<string> Taken = new(StringComparer.Ordinal)
    {
        ShimSource.ClassName, "Equals", "Finalize", "GetHashCode", "GetType", "MemberwiseClone", "ReferenceEquals", "ToString",
    };

    /// <summary>The member for a model's file: <c>text-detector_v2.0</c> becomes TextDetectorV20.</summary>
    public static string Member(string fileName)
    {
        StringBuilder name = new();
        bool atWordStart = true;
        foreach (char character in fileName)
        {
            if (char.IsLetterOrDigit(character))
                name.Append(atWordStart ? char.ToUpperInvariant(character) : character);
            atWordStart = !char.IsLetterOrDigit(character);
        }
        if (name.Length == 0 || !IsStart(name[0]))
            name.Insert(0, '_');
        return IsFree(name.ToString()) ? name.ToString() : name + "Model";
    }

    /// <summary>Whether a name can be a member of the generated class as it stands.</summary>
    public static bool IsMember(string name) =>
        name.Length > 0 && IsStart(name[0]) && name.All(IsPart) && !Keywords.Contains(name) && IsFree(name);

    /// <summary>A namespace from RootNamespace: parts that C# does not take are mended.</summary>
    public static string Namespace(string rootNamespace) =>
        string.Join(".", rootNamespace.Split('.').Where(part => part.Length > 0).Select(Part));

    private static string Part(string part)
    {
        string name = string.Concat(part.Select(character => IsPart(character) ? character : '_'));
        if (!IsStart(name[0]))
            name = "_" + name;
        return Keywords.Contains(name) ? "@" + name : name;
    }

    private static bool IsFree(string name) => !Taken.Contains(name);

    private static bool IsStart(char character) => character == '_' || char.IsLetter(character);

    private static bool IsPart(char character) => character == '_' || char.IsLetterOrDigit(character)
        || char.GetUnicodeCategory(character) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.ConnectorPunctuation;
}
