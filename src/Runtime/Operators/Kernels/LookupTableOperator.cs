namespace Octet.Runtime.Operators;

/// <summary>The operator LookupTable: y = table[x].</summary>
/// <remarks>It stands for any operators that take one 8-bit tensor to another element by element: there are but 256 results.</remarks>
internal sealed class LookupTableOperator(ElementType type) : CustomOperator("LookupTable", [type, type], requiredInputs: 2, type)
{
    public override Kernel CreateKernel(KernelInfo info) => new LookupTableKernel();
}

internal sealed unsafe class LookupTableKernel : Kernel
{
    public override void Compute(KernelContext context)
    {
        Tensor x = context.Input(0);
        byte* table = TableInput(context, 1);
        byte* y = context.Output(x.Shape);
        context.ParallelFor(new Work(table, x.Data, y, x.Shape.Count), Work.Parts(x.Shape.Count));
    }

    /// <summary>The entries of an input that is a table.</summary>
    /// <exception cref="OperatorException">There are not 256 of them.</exception>
    public static byte* TableInput(KernelContext context, int index)
    {
        Tensor table = context.Input(index);
        return table.Shape.Count == LookupTable.Length
            ? table.Data
            : throw new OperatorException($"The table has the shape {table.Shape}; it must have {LookupTable.Length} entries.");
    }

    private readonly struct Work(byte* table, byte* x, byte* y, nint count) : IParallelWork
    {
        private const int Part = 32 * 1024;

        public static nint Parts(nint count) => (count + Part - 1) / Part;

        public void Run(nint part)
        {
            nint start = part * Part;
            LookupTable.Apply(table, x + start, y + start, nint.Min(Part, count - start), InstructionSets.Best);
        }
    }
}
