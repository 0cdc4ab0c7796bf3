using Octet.Torch.Conversion;
using Octet.Torch.Interception;

namespace Octet.Torch.Tracing;

/// <summary>Parameters and buffers: found by their handles, and by their memory where a call has another handle of the same tensor.</summary>
internal sealed class StateTensors
{
    private readonly NativeTensors _native;
    private readonly List<Entry> _entries = [];
    private readonly Dictionary<nint, Entry> _byHandle = [];
    private readonly Dictionary<nint, Entry> _byData = [];

    public StateTensors(NativeTensors native, IEnumerable<(string Name, nint Handle)> state)
    {
        _native = native;
        foreach ((string name, nint handle) in state)
        {
            // A tensor that two modules share has the first one's name.
            TensorMemory memory = native.Memory(handle);
            Entry entry = _byData.GetValueOrDefault(memory.Data) is { } known && known.Memory.IsSame(memory) ? known : new Entry(name, handle, memory, -1 - _entries.Count);
            if (entry.Name == name)
                _entries.Add(entry);
            _byHandle.TryAdd(handle, entry);
            if (memory.Data != 0)
                _byData.TryAdd(memory.Data, entry);
        }
    }

    /// <summary>The parameter or buffer that a handle stands for; null where it is none.</summary>
    public (TracedTensor Value, string? Stale)? Find(nint handle)
    {
        if (!_byHandle.TryGetValue(handle, out Entry? entry))
        {
            TensorMemory memory = _native.Memory(handle);
            if (!_byData.TryGetValue(memory.Data, out entry) || !entry.Memory.IsSame(memory))
                return null;
        }
        // Its elements are copied when they are first needed: not every buffer is.
        entry.Value ??= entry.Original ??= new TracedTensor(entry.Id, TensorOrigin.State, entry.Name, entry.Memory.ElementType, [.. entry.Memory.Shape.Select(extent => new Extent(extent))],
            _native.Bytes(entry.Handle, entry.Memory.ElementType.Size()));
        return (entry.Value, entry.Stale);
    }

    /// <summary>Forgets what an earlier trace has written.</summary>
    public void Forget()
    {
        foreach (Entry entry in _entries)
            (entry.Value, entry.Stale) = (entry.Original, null);
    }

    /// <summary>Takes note of memory that an in-place call has written.</summary>
    public void Written(TensorMemory memory, TracedTensor value, string writer)
    {
        foreach (Entry entry in _entries)
        {
            if (entry.Memory.IsSame(memory))
                entry.Value = value;
            else if (entry.Memory.Overlaps(memory, Math.Max(memory.ElementType.Size(), entry.Memory.ElementType.Size())))
                entry.Stale = writer;
        }
    }

    private sealed class Entry(string name, nint handle, TensorMemory memory, int id)
    {
        public string Name { get; } = name;

        public nint Handle { get; } = handle;

        public TensorMemory Memory { get; } = memory;

        public int Id { get; } = id;

        public TracedTensor? Original { get; set; }

        public TracedTensor? Value { get; set; }

        public string? Stale { get; set; }
    }
}
