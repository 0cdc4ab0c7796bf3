namespace Octet.Quantization.Calibration.Data;

/// <summary>A place in a file from which rows are read forward.</summary>
internal abstract class RowCursor(object owner) : IDisposable
{
    /// <summary>Whose rows it reads.</summary>
    public object Owner { get; } = owner;

    /// <summary>The row that comes next.</summary>
    public long NextRow { get; protected set; }

    public abstract void Dispose();
}

/// <summary>
/// Keeps a few files open where they were read last. Compressed data can only be read forward: a sweep over its rows is then one pass
/// over the file and not one pass a row, and threads that sweep through different parts have a cursor each.
/// </summary>
internal sealed class CursorPool : IDisposable
{
    private const int Capacity = 16;

    private readonly List<RowCursor> _idle = [];
    private bool _disposed;

    /// <summary>Reads with the idle cursor that stands closest before a row, or with a new one.</summary>
    public TResult Read<TCursor, TResult>(object owner, long row, Func<TCursor> open, Func<TCursor, TResult> read) where TCursor : RowCursor
    {
        TCursor cursor = (TCursor?)TakeClosest(owner, row) ?? open();
        TResult result;
        try
        {
            result = read(cursor);
        }
        catch
        {
            cursor.Dispose();
            throw;
        }
        Return(cursor);
        return result;
    }

    public void Dispose()
    {
        lock (_idle)
        {
            _disposed = true;
            _idle.ForEach(static cursor => cursor.Dispose());
            _idle.Clear();
        }
    }

    private RowCursor? TakeClosest(object owner, long row)
    {
        lock (_idle)
        {
            RowCursor? closest = _idle.Where(cursor => ReferenceEquals(cursor.Owner, owner) && cursor.NextRow <= row)
                .MaxBy(static cursor => cursor.NextRow);
            if (closest is not null)
                _idle.Remove(closest);
            return closest;
        }
    }

    private void Return(RowCursor cursor)
    {
        lock (_idle)
        {
            if (_disposed)
            {
                cursor.Dispose();
                return;
            }
            _idle.Add(cursor);
            if (_idle.Count <= Capacity)
                return;
            _idle[0].Dispose();
            _idle.RemoveAt(0);
        }
    }
}
