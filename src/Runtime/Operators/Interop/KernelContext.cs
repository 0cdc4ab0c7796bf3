using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Octet.Runtime.Operators;

/// <summary>One run of one node: <c>OrtKernelContext</c>.</summary>
internal readonly unsafe struct KernelContext(nint context)
{
    /// <summary>An input.</summary>
    /// <exception cref="OperatorException">It has more than <see cref="Shape.MaximumRank"/> dimensions.</exception>
    public Tensor Input(int index) => Tensor.Read(InputValue(index));

    /// <summary>Whether the optional input is given.</summary>
    public bool HasInput(int index)
    {
        nuint count;
        OnnxRuntimeApi.Check(((delegate* unmanaged<nint, nuint*, nint>)OnnxRuntimeApi.Function(OrtFunction.KernelContext_GetInputCount))(context, &count));
        return (nuint)index < count && InputValue(index) != 0;
    }

    /// <summary>The memory of the only output.</summary>
    /// <param name="shape">Its shape.</param>
    public byte* Output(in Shape shape)
    {
        nint value;
        fixed (long* extents = shape.Extents)
            OnnxRuntimeApi.Check(((delegate* unmanaged<nint, nuint, long*, nuint, nint*, nint>)OnnxRuntimeApi.Function(OrtFunction.KernelContext_GetOutput))(
                context, 0, extents, (nuint)shape.Rank, &value));
        return Tensor.DataOf(value);
    }

    /// <summary>Runs the parts of a work on ONNX Runtime's threads, this one among them, and returns when all are done.</summary>
    /// <param name="work">Its parts may run in any order and at once.</param>
    /// <param name="parts">How many there are.</param>
    /// <exception cref="OperatorException">A part failed; the others may have run or not.</exception>
    public void ParallelFor<TWork>(TWork work, nint parts) where TWork : unmanaged, IParallelWork
    {
        if (parts <= 1)
        {
            if (parts == 1)
                work.Run(0);
            return;
        }

        var call = new ParallelCall { Run = &Run<TWork>, Work = &work };
        OnnxRuntimeApi.Check(((delegate* unmanaged<nint, delegate* unmanaged[Cdecl]<ParallelCall*, nuint, void>, nuint, nuint, void*, nint>)
            OnnxRuntimeApi.Function(OrtFunction.KernelContext_ParallelFor))(context, &RunPart, (nuint)parts, 0, &call));
        if (call.Failure != 0)
        {
            GCHandle failure = GCHandle.FromIntPtr(call.Failure);
            string message = ((Exception)failure.Target!).Message;
            failure.Free();
            throw new OperatorException(message);
        }
    }

    private static void Run<TWork>(void* work, nint part) where TWork : unmanaged, IParallelWork => Unsafe.AsRef<TWork>(work).Run(part);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void RunPart(ParallelCall* call, nuint part)
    {
        try
        {
            call->Run(call->Work, (nint)part);
        }
        catch (Exception e)
        {
            // The first failure is told; native code never sees an exception.
            var failure = GCHandle.Alloc(e);
            if (Interlocked.CompareExchange(ref call->Failure, GCHandle.ToIntPtr(failure), 0) != 0)
                failure.Free();
        }
    }

    private nint InputValue(int index)
    {
        nint value;
        OnnxRuntimeApi.Check(((delegate* unmanaged<nint, nuint, nint*, nint>)OnnxRuntimeApi.Function(OrtFunction.KernelContext_GetInput))(
            context, (nuint)index, &value));
        return value;
    }

    private struct ParallelCall
    {
        public delegate*<void*, nint, void> Run;
        public void* Work;
        public nint Failure;
    }
}

/// <summary>Work in parts that do not depend on each other.</summary>
internal interface IParallelWork
{
    /// <summary>Does one part.</summary>
    void Run(nint part);
}
