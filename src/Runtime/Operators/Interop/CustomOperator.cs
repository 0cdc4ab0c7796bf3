using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Octet.Runtime.Operators;

/// <summary>An operator of certain types: what ONNX Runtime asks of it when it loads a model, and the kernels it makes.</summary>
/// <param name="name">Its name in the domain; operators of several types share it.</param>
/// <param name="inputs">The inputs' element types.</param>
/// <param name="requiredInputs">How many of them must be there.</param>
/// <param name="output">The output's element type.</param>
internal abstract unsafe class CustomOperator(string name, ImmutableArray<ElementType> inputs, int requiredInputs, ElementType output)
{
    private const int Required = 0;
    private const int Optional = 1;

    public ElementType Output => output;

    /// <summary>Whether the output has the first input's shape and its element size: then it may take its memory too.</summary>
    public virtual bool IsElementwise => true;

    /// <summary>Makes the kernel of one node.</summary>
    /// <exception cref="OperatorException">An attribute is missing or makes no sense.</exception>
    public abstract Kernel CreateKernel(KernelInfo info);

    /// <summary>Tells the output's shape where the model is loaded, as far as it is known then.</summary>
    public virtual void InferShape(ShapeInference inference) => inference.CopyInput();

    /// <summary>The struct that ONNX Runtime holds on to. It is never freed: a session may live as long as the process.</summary>
    public OrtCustomOp* ToNative()
    {
        var native = (Native*)NativeMemory.AllocZeroed((nuint)sizeof(Native));
        native->Managed = GCHandle.Alloc(this);
        native->Name = (byte*)Marshal.StringToCoTaskMemUTF8(name);
        native->Operator = new OrtCustomOp
        {
            version = OnnxRuntimeApi.Version,
            GetName = &GetName,
            GetExecutionProviderType = &GetExecutionProviderType,
            GetInputType = &GetInputType,
            GetInputTypeCount = &GetInputTypeCount,
            GetOutputType = &GetOutputType,
            GetOutputTypeCount = &GetOutputTypeCount,
            KernelDestroy = &KernelDestroy,
            GetInputCharacteristic = &GetInputCharacteristic,
            GetOutputCharacteristic = &GetOutputCharacteristic,
            GetInputMemoryType = &GetInputMemoryType,
            CreateKernelV2 = &CreateKernel,
            KernelComputeV2 = &KernelCompute,
            InferOutputShapeFn = &InferOutputShape,
            GetStartVersion = &GetStartVersion,
            GetEndVersion = &GetEndVersion,
        };
        if (IsElementwise)
        {
            native->Operator.GetMayInplace = &GetMayInplace;
            native->Operator.ReleaseMayInplace = &ReleaseMayInplace;
        }
        return &native->Operator;
    }

    private static CustomOperator Of(OrtCustomOp* native) => (CustomOperator)((Native*)native)->Managed.Target!;

    [UnmanagedCallersOnly]
    private static byte* GetName(OrtCustomOp* native) => ((Native*)native)->Name;

    // None of its own: the CPU's.
    [UnmanagedCallersOnly]
    private static byte* GetExecutionProviderType(OrtCustomOp* native) => null;

    [UnmanagedCallersOnly]
    private static ElementType GetInputType(OrtCustomOp* native, nuint index) => Of(native).InputType((int)index);

    [UnmanagedCallersOnly]
    private static nuint GetInputTypeCount(OrtCustomOp* native) => (nuint)Of(native).InputCount;

    [UnmanagedCallersOnly]
    private static ElementType GetOutputType(OrtCustomOp* native, nuint index) => Of(native).Output;

    [UnmanagedCallersOnly]
    private static nuint GetOutputTypeCount(OrtCustomOp* native) => 1;

    [UnmanagedCallersOnly]
    private static int GetInputCharacteristic(OrtCustomOp* native, nuint index) => (int)index < Of(native).RequiredInputs ? Required : Optional;

    [UnmanagedCallersOnly]
    private static int GetOutputCharacteristic(OrtCustomOp* native, nuint index) => Required;

    // OrtMemTypeDefault.
    [UnmanagedCallersOnly]
    private static int GetInputMemoryType(OrtCustomOp* native, nuint index) => 0;

    [UnmanagedCallersOnly]
    private static int GetStartVersion(OrtCustomOp* native) => 1;

    [UnmanagedCallersOnly]
    private static int GetEndVersion(OrtCustomOp* native) => int.MaxValue;

    [UnmanagedCallersOnly]
    private static nint CreateKernel(OrtCustomOp* native, nint api, nint info, nint* kernel)
    {
        try
        {
            *kernel = GCHandle.ToIntPtr(GCHandle.Alloc(Of(native).CreateKernel(new KernelInfo(info))));
            return 0;
        }
        catch (Exception e)
        {
            return OnnxRuntimeApi.CreateStatus(e);
        }
    }

    [UnmanagedCallersOnly]
    private static nint KernelCompute(nint kernel, nint context)
    {
        try
        {
            ((Kernel)GCHandle.FromIntPtr(kernel).Target!).Compute(new KernelContext(context));
            return 0;
        }
        catch (Exception e)
        {
            return OnnxRuntimeApi.CreateStatus(e);
        }
    }

    [UnmanagedCallersOnly]
    private static void KernelDestroy(nint kernel) => GCHandle.FromIntPtr(kernel).Free();

    [UnmanagedCallersOnly]
    private static nint InferOutputShape(OrtCustomOp* native, nint context)
    {
        try
        {
            Of(native).InferShape(new ShapeInference(context));
            return 0;
        }
        catch (Exception e)
        {
            return OnnxRuntimeApi.CreateStatus(e);
        }
    }

    [UnmanagedCallersOnly]
    private static nuint GetMayInplace(int** inputs, int** outputs)
    {
        *inputs = (int*)NativeMemory.AllocZeroed(sizeof(int));
        *outputs = (int*)NativeMemory.AllocZeroed(sizeof(int));
        return 1;
    }

    [UnmanagedCallersOnly]
    private static void ReleaseMayInplace(int* inputs, int* outputs)
    {
        NativeMemory.Free(inputs);
        NativeMemory.Free(outputs);
    }

    private int InputCount => inputs.Length;

    private int RequiredInputs => requiredInputs;

    private ElementType InputType(int index) => inputs[index];

    [StructLayout(LayoutKind.Sequential)]
    private struct Native
    {
        // First: ONNX Runtime's pointer to it is the pointer to all.
        public OrtCustomOp Operator;
        public GCHandle Managed;
        public byte* Name;
    }
}

/// <summary>One node of one session. ONNX Runtime may call it from several threads at once.</summary>
internal abstract class Kernel
{
    /// <exception cref="OperatorException">The inputs' shapes do not fit.</exception>
    public abstract void Compute(KernelContext context);
}

/// <summary>A node cannot be made or run; the message says why, to whoever opens or runs the model.</summary>
internal sealed class OperatorException(string message) : Exception(message);
