using System.Runtime.InteropServices;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Interception;

/// <summary>Reads numbers that the native library has made itself, as by reading an element of a tensor.</summary>
internal sealed unsafe class ScalarReader(nint library)
{
    private readonly delegate* unmanaged<nint, byte> _type = (delegate* unmanaged<nint, byte>)NativeLibrary.GetExport(library, "THSTorch_scalar_type");
    private readonly delegate* unmanaged<nint, double> _number = (delegate* unmanaged<nint, double>)NativeLibrary.GetExport(library, "THSTorch_scalar_to_float64");
    private readonly delegate* unmanaged<nint, long> _integer = (delegate* unmanaged<nint, long>)NativeLibrary.GetExport(library, "THSTorch_scalar_to_int64");

    /// <summary>Reads a number.</summary>
    public TorchScalar Read(nint scalar)
    {
        torch.ScalarType type = (torch.ScalarType)_type(scalar);
        double number = _number(scalar);
        return new TorchScalar(type, number, type is torch.ScalarType.Int64 or torch.ScalarType.Bool ? _integer(scalar) : 0);
    }
}
