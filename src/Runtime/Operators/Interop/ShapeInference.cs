namespace Octet.Runtime.Operators;

/// <summary>What is known of a node's shapes where a model is loaded: <c>OrtShapeInferContext</c>.</summary>
internal readonly unsafe struct ShapeInference(nint context)
{
    /// <summary>The output's shape and type are the first input's.</summary>
    /// <remarks>Of operators that share a name ONNX Runtime asks one, whatever the types.</remarks>
    public void CopyInput()
    {
        nint input = Input();
        if (Rank(input) is > 0 and var rank && Dimensions(input, rank) is not null)
            SetOutput(input);
    }

    /// <summary>The output's shape is the first input's, permuted.</summary>
    /// <param name="output">The output's element type.</param>
    /// <param name="permutation">For an input's rank the input's axis that each of the output's comes from.</param>
    public void PermuteInput(ElementType output, Func<int, int[]> permutation)
    {
        nint input = Input();
        int rank = Rank(input);
        if (rank == 0 || Dimensions(input, rank) is not var (inputExtents, inputSymbols))
            return;

        int[] axes = permutation(rank);
        long[] extents = [.. axes.Select(axis => inputExtents[axis])];
        nint[] symbols = [.. axes.Select(axis => inputSymbols[axis])];

        nint info;
        OnnxRuntimeApi.Check(((delegate* unmanaged<nint*, nint>)OnnxRuntimeApi.Function(OrtFunction.CreateTensorTypeAndShapeInfo))(&info));
        try
        {
            OnnxRuntimeApi.Check(((delegate* unmanaged<nint, ElementType, nint>)OnnxRuntimeApi.Function(OrtFunction.SetTensorElementType))(info, output));
            fixed (long* extent = extents)
                OnnxRuntimeApi.Check(((delegate* unmanaged<nint, long*, nuint, nint>)OnnxRuntimeApi.Function(OrtFunction.SetDimensions))(info, extent, (nuint)rank));
            fixed (nint* symbol = symbols)
                OnnxRuntimeApi.Check(((delegate* unmanaged<nint, nint*, nuint, nint>)OnnxRuntimeApi.Function(OrtFunction.SetSymbolicDimensions))(info, symbol, (nuint)rank));
            SetOutput(info);
        }
        finally
        {
            ((delegate* unmanaged<nint, void>)OnnxRuntimeApi.Function(OrtFunction.ReleaseTensorTypeAndShapeInfo))(info);
        }
    }

    /// <summary>The first input's <c>OrtTensorTypeAndShapeInfo</c>, which ONNX Runtime keeps.</summary>
    private nint Input()
    {
        nint input;
        OnnxRuntimeApi.Check(((delegate* unmanaged<nint, nuint, nint*, nint>)OnnxRuntimeApi.Function(OrtFunction.ShapeInferContext_GetInputTypeShape))(
            context, 0, &input));
        return input;
    }

    /// <summary>The number of dimensions. A rank that the model does not tell reads as 0, which is seldom a real one: nothing is known then.</summary>
    private static int Rank(nint info)
    {
        nuint rank;
        OnnxRuntimeApi.Check(((delegate* unmanaged<nint, nuint*, nint>)OnnxRuntimeApi.Function(OrtFunction.GetDimensionsCount))(info, &rank));
        return (int)rank;
    }

    /// <summary>Extents, -1 where they have but a symbol, and symbols; null where an extent has neither: ONNX Runtime would take -1 for its value.</summary>
    private static (long[] Extents, nint[] Symbols)? Dimensions(nint info, int rank)
    {
        long[] extents = new long[rank];
        nint[] symbols = new nint[rank];
        fixed (long* extent = extents)
        fixed (nint* symbol = symbols)
        {
            OnnxRuntimeApi.Check(((delegate* unmanaged<nint, long*, nuint, nint>)OnnxRuntimeApi.Function(OrtFunction.GetDimensions))(info, extent, (nuint)rank));
            OnnxRuntimeApi.Check(((delegate* unmanaged<nint, nint*, nuint, nint>)OnnxRuntimeApi.Function(OrtFunction.GetSymbolicDimensions))(info, symbol, (nuint)rank));
        }
        for (int axis = 0; axis < rank; axis++)
            if (extents[axis] < 0 && *(byte*)symbols[axis] == 0)
                return null;
        return (extents, symbols);
    }

    private void SetOutput(nint info) => OnnxRuntimeApi.Check(
        ((delegate* unmanaged<nint, nuint, nint, nint>)OnnxRuntimeApi.Function(OrtFunction.ShapeInferContext_SetOutputTypeShape))(context, 0, info));
}
