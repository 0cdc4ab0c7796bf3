namespace Octet.Quantization.Search;

/// <summary>
/// A directed network between a source and a sink, cut in two so that the capacities of the edges from the source's side to the sink's are least
/// in sum. The cut is exact: maximum flow by Dinic's algorithm (E. A. Dinic 1970), O(V² E), and the theorem that it equals the minimum cut
/// (L. R. Ford and D. R. Fulkerson 1956).
/// </summary>
public sealed class MinimumCut
{
    /// <summary>The node that everything flows from.</summary>
    public const int Source = 0;

    /// <summary>The node that everything flows to.</summary>
    public const int Sink = 1;

    /// <summary>A capacity that no cut crosses where another cut is possible.</summary>
    public const long Unlimited = long.MaxValue / 4;

    // Edge e and its reverse e ^ 1 stand side by side; _next chains the edges that leave a node.
    private readonly List<int> _targets = [];
    private readonly List<long> _residual = [];
    private readonly List<int> _next = [];
    private readonly List<int> _first = [-1, -1];

    /// <summary>Adds a node.</summary>
    /// <returns>Its number.</returns>
    public int AddNode()
    {
        _first.Add(-1);
        return _first.Count - 1;
    }

    /// <summary>Adds an edge, whose capacity is paid when <paramref name="from"/> lies on the source's side and <paramref name="to"/> on the sink's.</summary>
    /// <param name="from">A node.</param>
    /// <param name="to">Another.</param>
    /// <param name="capacity">At least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is negative.</exception>
    public void AddEdge(int from, int to, long capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        if (capacity == 0)
            return;
        AddHalf(from, to, capacity);
        AddHalf(to, from, 0);
    }

    /// <summary>Cuts. Of all minimum cuts it is the one with the fewest nodes on the source's side, which is unique.</summary>
    /// <returns>For each node whether it lies on the source's side.</returns>
    public bool[] Solve()
    {
        int[] level = new int[_first.Count];
        while (FindLevels(level))
        {
            int[] at = [.. _first];
            while (Augment(at, level))
            {
            }
        }
        return [.. level.Select(distance => distance >= 0)];
    }

    private void AddHalf(int from, int to, long capacity)
    {
        _targets.Add(to);
        _residual.Add(capacity);
        _next.Add(_first[from]);
        _first[from] = _targets.Count - 1;
    }

    // Distances from the source over edges that still have room; -1 where none lead to.
    private bool FindLevels(int[] level)
    {
        Array.Fill(level, -1);
        level[Source] = 0;
        Queue<int> queue = new([Source]);
        while (queue.TryDequeue(out int node))
            for (int edge = _first[node]; edge >= 0; edge = _next[edge])
                if (_residual[edge] > 0 && level[_targets[edge]] < 0)
                {
                    level[_targets[edge]] = level[node] + 1;
                    queue.Enqueue(_targets[edge]);
                }
        return level[Sink] >= 0;
    }

    // One more path along growing levels. Not recursive: a model may be thousands of nodes deep.
    private bool Augment(int[] at, int[] level)
    {
        List<int> path = [];
        int node = Source;
        while (node != Sink)
        {
            while (at[node] >= 0 && !(_residual[at[node]] > 0 && level[_targets[at[node]]] == level[node] + 1))
                at[node] = _next[at[node]];
            if (at[node] >= 0)
            {
                path.Add(at[node]);
                node = _targets[at[node]];
            }
            else if (path.Count == 0)
            {
                return false;
            }
            else
            {
                // A dead end: back, and never that way again.
                int edge = path[^1];
                path.RemoveAt(path.Count - 1);
                node = _targets[edge ^ 1];
                at[node] = _next[edge];
            }
        }
        long flow = path.Min(edge => _residual[edge]);
        foreach (int edge in path)
        {
            _residual[edge] -= flow;
            _residual[edge ^ 1] += flow;
        }
        return true;
    }
}
