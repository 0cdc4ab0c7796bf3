using System.Text;

namespace Octet.Runtime.Operators;

/// <summary>A node's attributes: <c>OrtKernelInfo</c>.</summary>
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
