using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Octet.Analyzers;

/// <summary>How often the body around a session makes it, and whether it runs it there and lets it go.</summary>
internal static class SessionUse
{
    /// <summary>
    /// True when the session is run right where it is made and goes nowhere else: it is not returned, kept in a field, or handed to
    /// another method, which might keep it.
    /// </summary>
    public static bool IsRunAndDropped(IOperation opening)
    {
        IOperation value = opening;
        while (value.Parent is IConversionOperation conversion) value = conversion;
        if (value.Parent is IInvocationOperation call) return IsRun(call, value);
        if (value.Parent is not IVariableInitializerOperation { Parent: IVariableDeclaratorOperation { Symbol: var variable } }) return false;

        bool runs = false;
        foreach (ILocalReferenceOperation use in LocalValue.Outermost(opening).Descendants().OfType<ILocalReferenceOperation>())
        {
            if (!SymbolEqualityComparer.Default.Equals(use.Local, variable)) continue;
            if (use.Parent is IInvocationOperation { Instance: { } instance } method && instance == use) runs |= IsRun(method, use);
            else if (use.Parent is not (IPropertyReferenceOperation or IUsingOperation)) return false;
        }
        return runs;
    }

    /// <summary>The loop whose body holds the operation, in the same function; null when there is none.</summary>
    public static ILoopOperation? LoopAround(IOperation operation)
    {
        for (IOperation inner = operation; inner.Parent is { } outer and not (IAnonymousFunctionOperation or ILocalFunctionOperation); inner = outer)
            if (outer is ILoopOperation loop && loop.Body == inner) return loop;
        return null;
    }

    /// <summary>True when the function around the operation is called again and again, as far as that can be told.</summary>
    public static bool IsCalledOften(IOperation operation, ISymbol containing, IMethodSymbol? entryPoint)
    {
        for (IOperation? outer = operation.Parent; outer is not null; outer = outer.Parent)
            if (outer is ILocalFunctionOperation || (outer is IAnonymousFunctionOperation function && !RunsOnce(function)))
                return true;
        return containing is IMethodSymbol { MethodKind: MethodKind.Ordinary or MethodKind.PropertyGet or MethodKind.ExplicitInterfaceImplementation } method
            && !SymbolEqualityComparer.Default.Equals(method, entryPoint)
            && !method.GetAttributes().Any(attribute => IsTest(attribute.AttributeClass));
    }

    /// <summary>True when an expression gives the same value each time: it names no parameter, and no variable but those with one such value.</summary>
    public static bool IsSameEachTime(IOperation expression, int chain = 0) =>
        expression.DescendantsAndSelf().All(operation => operation switch
        {
            IParameterReferenceOperation => false,
            ILocalReferenceOperation { ConstantValue.HasValue: false } local =>
                chain < 8 && LocalValue.Of(local) is { } value && IsSameEachTime(value, chain + 1),
            _ => true,
        });

    /// <summary>True when an expression can stand in the initializer of a static field.</summary>
    public static bool CanBeStatic(IOperation expression) => expression.DescendantsAndSelf().All(operation => operation switch
    {
        IParameterReferenceOperation or IAwaitOperation or IAnonymousFunctionOperation => false,
        ILocalReferenceOperation or IInvocationOperation { TargetMethod.MethodKind: MethodKind.LocalFunction } => false,
        IInstanceReferenceOperation instance => instance.ReferenceKind == InstanceReferenceKind.ImplicitReceiver,
        _ => true,
    });

    private static bool IsRun(IInvocationOperation call, IOperation session) =>
        call.Instance == session && call.TargetMethod.Name.StartsWith("Run", StringComparison.Ordinal);

    // Task.Run, new Thread: what they are given runs once a call of theirs.
    private static bool RunsOnce(IAnonymousFunctionOperation function)
    {
        IOperation? outer = function.Parent;
        while (outer is IConversionOperation or IDelegateCreationOperation or IArgumentOperation) outer = outer.Parent;
        ITypeSymbol? type = outer switch
        {
            IInvocationOperation call => call.TargetMethod.ContainingType,
            IObjectCreationOperation creation => creation.Type,
            _ => null,
        };
        return type?.ContainingNamespace?.ToDisplayString().StartsWith("System.Threading", StringComparison.Ordinal) == true;
    }

    private static bool IsTest(INamedTypeSymbol? attribute)
    {
        string space = attribute?.ContainingNamespace?.ToDisplayString() ?? "";
        return space.StartsWith("Xunit", StringComparison.Ordinal) || space.StartsWith("NUnit", StringComparison.Ordinal)
            || space.StartsWith("Microsoft.VisualStudio.TestTools", StringComparison.Ordinal) || space.StartsWith("BenchmarkDotNet", StringComparison.Ordinal);
    }
}
