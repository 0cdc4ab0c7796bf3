using System.Collections.Immutable;

namespace Octet.Analyzers;

/// <summary>
/// The path of a model as far as it is known, in segments: both separators split, empty and <c>.</c> segments are left out,
/// <c>..</c> takes back the segment before it. A <c>..</c> at the start is left out too: it climbs from a folder that
/// is not known here (the working folder is the project's in one run and its output's in another).
/// </summary>
internal sealed class ModelPath
{
    private const string Extension = ".onnx";

    // The names Octet gives the files of its variants: direction.onnx -> direction.int8.onnx. `float` is the model itself.
    private static readonly string[] Variants = ["float-optimized", "int8", "int8-portable", "int8-dynamic", "int8-weights", "int4-weights", "float16"];

    private readonly string _root;

    private ModelPath(string root, ImmutableArray<string> segments)
    {
        _root = root;
        Segments = segments;
    }

    /// <summary>The segments; the last one is the file's name.</summary>
    public ImmutableArray<string> Segments { get; }

    /// <summary>The name of the variant that <c>direction.int8.onnx</c> and its like hold; null for a float model.</summary>
    public string? Variant
    {
        get
        {
            if (!Segments[^1].EndsWith(Extension, StringComparison.OrdinalIgnoreCase)) return null;
            string stem = Segments[^1].Substring(0, Segments[^1].Length - Extension.Length);
            return Variants.FirstOrDefault(variant => stem.EndsWith("." + variant, StringComparison.OrdinalIgnoreCase));
        }
    }

    /// <summary>True for <c>direction.int8.onnx</c> and its like: a file that is not the float model.</summary>
    public bool IsVariant => Variant is not null;

    /// <summary>The path of the float model that a variant was made from.</summary>
    public ModelPath Source =>
        Variant is not { } variant ? this : new ModelPath(_root, Segments.SetItem(
            Segments.Length - 1, Segments[^1].Remove(Segments[^1].Length - Extension.Length - variant.Length - 1, variant.Length + 1)));

    /// <summary>True for a variant whose activations are in 8 bits: it needs integer kernels to be faster than float.</summary>
    public bool IsInteger => Variant is "int8" or "int8-portable";

    /// <summary>The path with the extension of a model: where the build puts what it exports from a checkpoint.</summary>
    public ModelPath Exported => new(_root, Segments.SetItem(Segments.Length - 1, System.IO.Path.ChangeExtension(Segments[^1], Extension)));

    /// <summary>The path of a model that a string's tail spells, or null when the file's name is not known or not a model's.</summary>
    public static ModelPath? OfModel(KnownTail tail) =>
        OfFile(tail) is { Segments: [.., var name] } path
            && name.Length > Extension.Length
            && name.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) ? path : null;

    /// <summary>The path of a file that a string's tail spells, or null when the file's name is not known.</summary>
    public static ModelPath? OfFile(KnownTail tail)
    {
        string text = tail.Text.Replace('\\', '/');
        if (!tail.IsWhole)
        {
            // What stands before the first separator is only the end of a name: "tion.onnx", say.
            int separator = text.IndexOf('/');
            if (separator < 0) return null;
            text = text.Substring(separator + 1);
        }
        ModelPath path = Of(text, mayBeRooted: tail.IsWhole);
        return path.Segments.Length > 0 ? path : null;
    }

    /// <summary>A path that is wholly known: a model's link or a folder.</summary>
    public static ModelPath Of(string text) => Of(text.Replace('\\', '/'), mayBeRooted: true);

    /// <summary>
    /// How well two paths agree: 0 when neither is the other's tail by whole segments, otherwise the number of segments in
    /// common, and <see cref="int.MaxValue"/> when they are equal.
    /// </summary>
    public int Agreement(ModelPath other, StringComparer comparer)
    {
        int common = Math.Min(Segments.Length, other.Segments.Length);
        bool agree = Segments.Skip(Segments.Length - common).SequenceEqual(other.Segments.Skip(other.Segments.Length - common), comparer);
        return !agree ? 0 : Segments.Length == other.Segments.Length ? int.MaxValue : common;
    }

    /// <summary>The path as a project file writes it: with <c>/</c>, and relative where the file lies in the project's folder.</summary>
    public string RelativeTo(ModelPath? folder, StringComparer comparer)
    {
        bool inside = folder is { Segments.Length: > 0 } && Segments.Length > folder.Segments.Length && _root == folder._root
            && Segments.Take(folder.Segments.Length).SequenceEqual(folder.Segments, comparer);
        return inside ? string.Join("/", Segments.Skip(folder!.Segments.Length)) : _root + string.Join("/", Segments);
    }

    private static ModelPath Of(string text, bool mayBeRooted)
    {
        ImmutableArray<string>.Builder segments = ImmutableArray.CreateBuilder<string>();
        foreach (string segment in text.Split('/'))
        {
            if (segment is "" or ".") continue;
            if (segment is not "..") segments.Add(segment);
            else if (segments.Count > 0) segments.RemoveAt(segments.Count - 1);
        }
        string root = mayBeRooted ? text.Substring(0, text.Length - text.TrimStart('/').Length) : "";
        return new ModelPath(root, segments.ToImmutable());
    }
}
