namespace Octet.Runtime.Operators;

/// <summary>The operator QuantizedAdd: two tensors of one shape, and a table for what follows the sum.</summary>
internal sealed class QuantizedAddOperator()
    : CustomOperator("QuantizedAdd", [ElementType.UInt8, ElementType.UInt8, ElementType.UInt8], requiredInputs: 2, ElementType.UInt8)
{
    public override Kernel CreateKernel(KernelInfo info) =>
        new QuantizedAddKernel(new QuantizedSum(info.Quantization("a_"), info.Quantization("b_"), info.Quantization("y_")));
}

internal sealed unsafe class QuantizedAddKernel(QuantizedSum sum) : Kernel
{
    private const int TableInput = 2;

    public override void Compute(KernelContext context)
    {
        Tensor a = context.Input(0), b = context.Input(1);
        if (!a.Shape.Extents.SequenceEqual(b.Shape.Extents))
            throw new OperatorException($"The summands have the shapes {a.Shape} and {b.Shape}; they must be equal.");
        byte* table = context.HasInput(TableInput) ? LookupTableKernel.TableInput(context, TableInput) : null;
        byte* y = context.Output(a.Shape);
        context.ParallelFor(new Work(sum, table, a.Data, b.Data, y, a.Shape.Count), Work.Parts(a.Shape.Count));
    }

    private readonly struct Work(QuantizedSum sum, byte* table, byte* a, byte* b, byte* y, nint count) : IParallelWork
    {
        // The table finds the sums in the nearest cache.
        private const int Part = 16 * 1024;

        public static nint Parts(nint count) => (count + Part - 1) / Part;

        public void Run(nint part)
        {
            nint start = part * Part;
            nint length = nint.Min(Part, count - start);
            sum.Apply(a + start, b + start, y + start, length, InstructionSets.Best);
            if (table != null)
                LookupTable.Apply(table, y + start, y + start, length, InstructionSets.Best);
        }
    }
}
