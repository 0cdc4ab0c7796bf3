namespace Octet.Tasks;

/// <summary>Expands what CalibrationData names: files, folders, and patterns with *, ? and **.</summary>
internal static class PathPatterns
{
    private static readonly char[] Separators = ['/', '\\'];
    private static readonly char[] Wildcards = ['*', '?'];

    // What the tool reads; the other files of a folder are left alone.
    private static readonly string[] DataEndings = [".png", ".jpg", ".jpeg", ".bmp", ".tga", ".gif", ".npy", ".npz", ".pb", ".csv", ".csv.gz"];

    /// <summary>
    /// The files that a pattern names, absolute, in ordinal order, none twice. A folder gives the files of the known
    /// endings below it; a pattern gives what it matches (case does not matter), files only.
    /// </summary>
    public static IReadOnlyCollection<string> Expand(string pattern, string projectDirectory)
    {
        SortedSet<string> files = new(StringComparer.Ordinal);
        string[] segments = pattern.Split(Separators);
        int firstWildcard = Array.FindIndex(segments, segment => segment.IndexOfAny(Wildcards) >= 0);
        if (firstWildcard < 0)
        {
            string path = ProjectPath.Absolute(pattern, projectDirectory);
            if (File.Exists(path))
                files.Add(path);
            else
                AddData(new Folder(path), files);
        }
        else
        {
            // The part before the first wildcard is a plain path; "/" alone is the root.
            string start = string.Join("/", segments, 0, firstWildcard);
            string root = firstWildcard == 0 ? projectDirectory : ProjectPath.Absolute(start.Length == 0 ? "/" : start, projectDirectory);
            AddMatches(new Folder(root), [.. segments.Skip(firstWildcard).Where(segment => segment.Length > 0 && segment != ".")], 0, files);
        }
        return files;
    }

    private static void AddData(Folder folder, ISet<string> files)
    {
        files.UnionWith(folder.Files().Where(file => DataEndings.Any(ending => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase))));
        foreach (Folder inner in folder.Folders())
            AddData(inner, files);
    }

    private static void AddMatches(Folder folder, IReadOnlyList<string> segments, int index, ISet<string> files)
    {
        if (index == segments.Count)
            return;
        string segment = segments[index];
        bool isLast = index == segments.Count - 1;
        if (segment == "**")
        {
            if (isLast)
                files.UnionWith(folder.Files());
            else
                AddMatches(folder, segments, index + 1, files);
            foreach (Folder inner in folder.Folders())
                AddMatches(inner, segments, index, files);
        }
        else if (isLast)
        {
            files.UnionWith(folder.Files().Where(file => Matches(Path.GetFileName(file), segment)));
        }
        else
        {
            foreach (Folder inner in folder.Folders().Where(inner => Matches(Path.GetFileName(inner.Path), segment)))
                AddMatches(inner, segments, index + 1, files);
        }
    }

    /// <summary>Whether a name fits a segment with * (any characters) and ? (one character), ignoring case.</summary>
    internal static bool Matches(string name, string segment)
    {
        int position = 0, segmentPosition = 0, star = -1, starPosition = 0;
        while (position < name.Length)
        {
            if (segmentPosition < segment.Length && segment[segmentPosition] == '*')
            {
                star = segmentPosition++;
                starPosition = position;
            }
            else if (segmentPosition < segment.Length
                && (segment[segmentPosition] == '?' || char.ToUpperInvariant(segment[segmentPosition]) == char.ToUpperInvariant(name[position])))
            {
                position++;
                segmentPosition++;
            }
            else if (star >= 0)
            {
                // The last star takes one character more.
                segmentPosition = star + 1;
                position = ++starPosition;
            }
            else
            {
                return false;
            }
        }
        return segment.Skip(segmentPosition).All(character => character == '*');
    }

    /// <summary>A folder on the way down. What cannot be read is as if it were not there: the tool says when nothing is left.</summary>
    private readonly struct Folder(string path, bool throughLink = false)
    {
        public string Path { get; } = path;

        public IEnumerable<string> Files() => Read(Directory.GetFiles);

        /// <summary>The folders inside. A link is followed, but no link below it: a circle of links ends.</summary>
        public IEnumerable<Folder> Folders()
        {
            foreach (string inner in Read(Directory.GetDirectories))
            {
                bool isLink = (File.GetAttributes(inner) & FileAttributes.ReparsePoint) != 0;
                if (!isLink || !throughLink)
                    yield return new Folder(inner, throughLink || isLink);
            }
        }

        private string[] Read(Func<string, string[]> list)
        {
            try
            {
                return list(Path);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return [];
            }
        }
    }
}
