using System.Collections.Immutable;
using System.Runtime.InteropServices;
using TorchSharp;

namespace Octet.Torch.Interception;

/// <summary>
/// Reads what a tensor's handle stands for, by the native library's own functions: TorchSharp's would be intercepted. Layout of the strided memory: an element at indices i lies
/// at <c>data + sum(i * stride) * size</c>.
/// </summary>
internal sealed unsafe class NativeTensors
{
    private readonly delegate* unmanaged<nint, long> _rank;
    private readonly delegate* unmanaged<nint, long, long> _size;
    private readonly delegate* unmanaged<nint, long, long> _stride;
    private readonly delegate* unmanaged<nint, sbyte> _type;
    private readonly delegate* unmanaged<nint, nint> _data;
    private readonly delegate* unmanaged<nint, nint> _storage;
    private readonly delegate* unmanaged<nint, nint> _contiguous;
    private readonly delegate* unmanaged<nint, void> _dispose;
    private readonly delegate* unmanaged<nint, nint, nint, void> _parameters;

    /// <summary>Binds to the loaded native library.</summary>
    /// <param name="library">Its handle.</param>
    public NativeTensors(nint library)
    {
        _rank = (delegate* unmanaged<nint, long>)NativeLibrary.GetExport(library, "THSTensor_ndimension");
        _size = (delegate* unmanaged<nint, long, long>)NativeLibrary.GetExport(library, "THSTensor_size");
        _stride = (delegate* unmanaged<nint, long, long>)NativeLibrary.GetExport(library, "THSTensor_stride");
        _type = (delegate* unmanaged<nint, sbyte>)NativeLibrary.GetExport(library, "THSTensor_type");
        _data = (delegate* unmanaged<nint, nint>)NativeLibrary.GetExport(library, "THSTensor_data");
        _storage = (delegate* unmanaged<nint, nint>)NativeLibrary.GetExport(library, "THSStorage_data_ptr");
        _contiguous = (delegate* unmanaged<nint, nint>)NativeLibrary.GetExport(library, "THSTensor_contiguous");
        _dispose = (delegate* unmanaged<nint, void>)NativeLibrary.GetExport(library, "THSTensor_dispose");
        _parameters = (delegate* unmanaged<nint, nint, nint, void>)NativeLibrary.GetExport(library, "THSNN_Module_get_named_parameters");
    }

    /// <summary>The extents.</summary>
    public ImmutableArray<long> Shape(nint tensor) => [.. Enumerable.Range(0, (int)_rank(tensor)).Select(axis => _size(tensor, axis))];

    /// <summary>The element type.</summary>
    public torch.ScalarType ElementType(nint tensor) => (torch.ScalarType)_type(tensor);

    /// <summary>Where the elements lie.</summary>
    public TensorMemory Memory(nint tensor)
    {
        ImmutableArray<long> shape = Shape(tensor);
        return new TensorMemory(_storage(tensor), _data(tensor), ElementType(tensor), shape, [.. Enumerable.Range(0, shape.Length).Select(axis => _stride(tensor, axis))]);
    }

    /// <summary>The elements, row-major.</summary>
    /// <param name="tensor">The handle.</param>
    /// <param name="elementSize">Bytes of an element.</param>
    public byte[] Bytes(nint tensor, int elementSize)
    {
        long count = Shape(tensor).Aggregate(1L, (product, extent) => product * extent);
        byte[] bytes = new byte[checked(count * elementSize)];
        if (bytes.Length == 0)
            return bytes;
        nint contiguous = _contiguous(tensor);
        Marshal.Copy(_data(contiguous), bytes, 0, bytes.Length);
        _dispose(contiguous);
        return bytes;
    }

    /// <summary>The parameters of a module that libtorch itself implements: their names within it, and handles that the caller lets go of.</summary>
    public ImmutableArray<(string Name, nint Tensor)> Parameters(nint module)
    {
        using NativeArray tensors = new();
        using NativeArray names = new();
        _parameters(module, Marshal.GetFunctionPointerForDelegate(tensors.Allocate), Marshal.GetFunctionPointerForDelegate(names.Allocate));
        return [.. names.Values.Zip(tensors.Values, (name, tensor) => (Marshal.PtrToStringUTF8(name) ?? "", tensor))];
    }

    /// <summary>Lets go of a handle.</summary>
    public void Dispose(nint tensor) => _dispose(tensor);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate nint Allocate(nint length);

    // Memory that a native call asks for to put its results into.
    private sealed class NativeArray : IDisposable
    {
        private nint _memory;
        private int _length;

        public NativeArray() => Allocate = length =>
        {
            _length = (int)length;
            return _memory = Marshal.AllocHGlobal(Math.Max(_length, 1) * nint.Size);
        };

        public Allocate Allocate { get; }

        public nint[] Values
        {
            get
            {
                nint[] values = new nint[_length];
                if (_length > 0)
                    Marshal.Copy(_memory, values, 0, _length);
                return values;
            }
        }

        public void Dispose()
        {
            Marshal.FreeHGlobal(_memory);
            GC.KeepAlive(Allocate);
        }
    }
}

/// <summary>Where a tensor's elements lie.</summary>
/// <param name="Storage">The memory that it shares with its views.</param>
/// <param name="Data">Its first element.</param>
/// <param name="ElementType">Its element type.</param>
/// <param name="Shape">Its extents.</param>
/// <param name="Strides">Its strides, in elements.</param>
internal sealed record TensorMemory(nint Storage, nint Data, torch.ScalarType ElementType, ImmutableArray<long> Shape, ImmutableArray<long> Strides)
{
    /// <summary>Whether both are the very same elements in the same order.</summary>
    public bool IsSame(TensorMemory other) =>
        Data == other.Data && ElementType == other.ElementType && Shape.SequenceEqual(other.Shape) && Normal(this).SequenceEqual(Normal(other)) && Data != 0;

    /// <summary>Whether both may have an element in common. Interleaved ones count as overlapping.</summary>
    /// <param name="other">The other.</param>
    /// <param name="elementSize">Bytes of an element, of the larger of the two.</param>
    public bool Overlaps(TensorMemory other, int elementSize) => Storage == other.Storage && Storage != 0 && Data < other.End(elementSize) && other.Data < End(elementSize);

    private nint End(int elementSize) =>
        Shape.Any(extent => extent == 0) ? Data : Data + (nint)((Shape.Zip(Strides, (extent, stride) => (extent - 1) * stride).Sum() + 1) * elementSize);

    // The stride of an axis with one element does not matter.
    private static IEnumerable<long> Normal(TensorMemory memory) => memory.Strides.Select((stride, axis) => memory.Shape[axis] == 1 ? 0 : stride);
}
