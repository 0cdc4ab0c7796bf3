using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Octet.Analyzers;

/// <summary>The value of a local variable that gets one only once.</summary>
internal static class LocalValue
{
    /// <summary>The only value the variable ever gets, or null when it gets several or they cannot be told.</summary>
    public static IOperation? Of(ILocalReferenceOperation reference)
    {
        IOperation? value = null;
        foreach (IOperation operation in Outermost(reference).Descendants())
        {
            if (operation is ILocalReferenceOperation use && Same(use.Local) && MayBeWrittenUnseen(use)) return null;
            IOperation? written = operation switch
            {
                IVariableDeclaratorOperation declarator when Same(declarator.Symbol) => declarator.GetVariableInitializer()?.Value,
                ISimpleAssignmentOperation { Target: ILocalReferenceOperation target, Value: var right } when Same(target.Local) => right,
                _ => null,
            };
            if (written is null) continue;
            if (value is not null) return null;
            value = written;
        }
        return value;

        bool Same(ILocalSymbol local) => SymbolEqualityComparer.Default.Equals(local, reference.Local);
    }

    /// <summary>The whole body that an operation stands in.</summary>
    public static IOperation Outermost(IOperation operation)
    {
        while (operation.Parent is { } parent) operation = parent;
        return operation;
    }

    // Every way to change a variable but `=`. A tuple is counted as one, for it may be the left side of a deconstruction.
    private static bool MayBeWrittenUnseen(ILocalReferenceOperation use) => use.Parent switch
    {
        ISimpleAssignmentOperation assignment => assignment.IsRef,
        IAssignmentOperation assignment => assignment.Target == use,
        ITupleOperation => true,
        IArgumentOperation argument => argument.Parameter is not { RefKind: RefKind.None or RefKind.In },
        IVariableInitializerOperation { Parent: IVariableDeclaratorOperation declarator } => declarator.Symbol.RefKind != RefKind.None,
        _ => false,
    };
}
