using System.Text;

namespace Octet.Runtime.Operators;

/// <summary>A node's attributes and constant inputs: <c>OrtKernelInfo</c>.</summary>
internal readonly unsafe struct KernelInfo(nint info)
{
    /// <summary>A scale and a zero point by the attributes <c>PREFIXscale</c> and <c>PREFIXzero_point</c>.</summary>
    /// <param name="prefix">What the attributes' names begin with.</param>
    /// <exception cref="OperatorException">The scale is missing or not a positive number, or the zero point not 0 to 255.</exception>
    public Quantization Quantization(string prefix)
    {
        string scaleName = prefix + "scale", zeroPointName = prefix + "zero_point";
        if (!TryGet(OrtFunction.KernelInfoGetAttribute_float, scaleName, out float scale))
            throw new OperatorException($"The attribute '{scaleName}' is missing.");
        if (!(scale > 0) || float.IsPositiveInfinity(scale))
            throw new OperatorException(FormattableString.Invariant($"The attribute '{scaleName}' is {scale}; a scale is greater than 0 and finite."));
        long zeroPoint = Integer(zeroPointName);
        if (zeroPoint is < 0 or > 255)
            throw new OperatorException(FormattableString.Invariant($"The attribute '{zeroPointName}' is {zeroPoint}; a zero point is 0 to 255."));
        return new Quantization(scale, (byte)zeroPoint);
    }

    /// <summary>An attribute that is a number; 0 where it is missing.</summary>
    public long Integer(string name) => TryGet(OrtFunction.KernelInfoGetAttribute_int64, name, out long value) ? value : 0;

    /// <summary>An attribute that is a list of numbers; null where it is missing.</summary>
    public long[]? Integers(string name)
    {
        fixed (byte* utf8 = Encoding.UTF8.GetBytes(name + '\0'))
        {
            // Asked without memory, it tells the length.
            nuint length = 0;
            nint status = Read(utf8, null, &length);
            if (status != 0)
            {
                OnnxRuntimeApi.ReleaseStatus(status);
                return null;
            }
            var values = new long[(int)length];
            fixed (long* first = values)
                OnnxRuntimeApi.Check(Read(utf8, first, &length));
            return values;
        }
    }

    /// <summary>Whether the optional input is given.</summary>
    public bool HasInput(int index)
    {
        nuint count;
        OnnxRuntimeApi.Check(((delegate* unmanaged<nint, nuint*, nint>)OnnxRuntimeApi.Function(OrtFunction.KernelInfo_GetInputCount))(info, &count));
        if ((nuint)index >= count)
            return false;
        // With its end; an input that is left out has no name.
        nuint length = 0;
        OnnxRuntimeApi.Check(((delegate* unmanaged<nint, nuint, byte*, nuint*, nint>)OnnxRuntimeApi.Function(OrtFunction.KernelInfo_GetInputName))(
            info, (nuint)index, null, &length));
        return length > 1;
    }

    /// <summary>An input that is a constant of the model.</summary>
    /// <param name="index">Which input.</param>
    /// <param name="name">What a message calls it.</param>
    /// <exception cref="OperatorException">It is computed, or an input of the model.</exception>
    public Tensor Constant(int index, string name)
    {
        int isConstant;
        nint value;
        OnnxRuntimeApi.Check(((delegate* unmanaged<nint, nuint, int*, nint*, nint>)OnnxRuntimeApi.Function(OrtFunction.KernelInfoGetConstantInput_tensor))(
            info, (nuint)index, &isConstant, &value));
        return isConstant != 0 ? Tensor.Read(value) : throw new OperatorException($"The {name} must be constant.");
    }

    private nint Read(byte* name, long* values, nuint* length) =>
        ((delegate* unmanaged<nint, byte*, long*, nuint*, nint>)OnnxRuntimeApi.Function(OrtFunction.KernelInfoGetAttributeArray_int64))(info, name, values, length);

    private bool TryGet<T>(OrtFunction function, string name, out T value) where T : unmanaged
    {
        T read = default;
        nint status;
        fixed (byte* utf8 = Encoding.UTF8.GetBytes(name + '\0'))
            status = ((delegate* unmanaged<nint, byte*, T*, nint>)OnnxRuntimeApi.Function(function))(info, utf8, &read);
        value = read;
        if (status != 0)
            OnnxRuntimeApi.ReleaseStatus(status);
        return status == 0;
    }
}
