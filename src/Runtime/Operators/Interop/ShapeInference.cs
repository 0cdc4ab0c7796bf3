namespace Octet.Runtime.Operators;

/// <summary>What is known of a node's shapes where a model is loaded: <c>OrtShapeInferContext</c>.</summary>
internal readonly unsafe struct ShapeInference(nint context)
{
    /// <summary>The output's shape is the first input's.</summary>
    public void CopyShape(ElementType output) => SetOutput(output, null);

    /// <summary>The output's shape is the first input's, permuted; nothing is said where the ranks differ.</summary>
    /// <param name="output">The output's element type.</param>
    /// <param name="permutation">For an input's rank the input's axis that each of the output's comes from.</param>
    public void PermuteShape(ElementType output, Func<int, int[]> permutation) => SetOutput(output, permutation);

    private void SetOutput(ElementType output, Func<int, int[]>? permutation)
    {
        // ONNX Runtime keeps this one.
        nint input;
        OnnxRuntimeApi.Check(((delegate* unmanaged<nint, nuint, nint*, nint>)OnnxRuntimeApi.Function(OrtFunction.ShapeInferContext_GetInputTypeShape))(
            context, 0, &input));
        nuint rank;
        OnnxRuntimeApi.Check(((delegate* unmanaged<nint, nuint*, nint>)OnnxRuntimeApi.Function(OrtFunction.GetDimensionsCount))(input, &rank));
        // Where the model does not say the rank it reads as 0, which is seldom a real one: nothing known is nothing told.
        if (rank == 0)
            return;

        long[] extents = new long[rank];
        nint[] symbols = new nint[rank];
        fixed (long* extent = extents)
        fixed (nint* symbol = symbols)
        {
            OnnxRuntimeApi.Check(((delegate* unmanaged<nint, long*, nuint, nint>)OnnxRuntimeApi.Function(OrtFunction.GetDimensions))(input, extent, rank));
            OnnxRuntimeApi.Check(((delegate* unmanaged<nint, nint*, nuint, nint>)OnnxRuntimeApi.Function(OrtFunction.GetSymbolicDimensions))(input, symbol, rank));
        }
        if (permutation is not null)
        {
            int[] axes = permutation(extents.Length);
            extents = [.. axes.Select(axis => extents[axis])];
            symbols = [.. axes.Select(axis => symbols[axis])];
        }

        nint info;
        OnnxRuntimeApi.Check(((delegate* unmanaged<nint*, nint>)OnnxRuntimeApi.Function(OrtFunction.CreateTensorTypeAndShapeInfo))(&info));
        try
        {
            OnnxRuntimeApi.Check(((delegate* unmanaged<nint, ElementType, nint>)OnnxRuntimeApi.Function(OrtFunction.SetTensorElementType))(info, output));
            fixed (long* extent = extents)
                OnnxRuntimeApi.Check(((delegate* unmanaged<nint, long*, nuint, nint>)OnnxRuntimeApi.Function(OrtFunction.SetDimensions))(info, extent, rank));
            fixed (nint* symbol = symbols)
                OnnxRuntimeApi.Check(((delegate* unmanaged<nint, nint*, nuint, nint>)OnnxRuntimeApi.Function(OrtFunction.SetSymbolicDimensions))(info, symbol, rank));
            OnnxRuntimeApi.Check(((delegate* unmanaged<nint, nuint, nint, nint>)OnnxRuntimeApi.Function(OrtFunction.ShapeInferContext_SetOutputTypeShape))(
                context, 0, info));
        }
        finally
        {
            ((delegate* unmanaged<nint, void>)OnnxRuntimeApi.Function(OrtFunction.ReleaseTensorTypeAndShapeInfo))(info);
        }
    }
}
