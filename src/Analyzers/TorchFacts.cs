using System.Collections.Concurrent;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Octet.Analyzers;

/// <summary>What a type's code does with TorchSharp modules, gathered from its operations on several threads.</summary>
internal sealed class TorchFacts(TorchTypes types)
{
    private readonly ConcurrentBag<(ISymbol Module, IInvocationOperation Call)> _loads = [];
    private readonly ConcurrentBag<(ISymbol Module, IInvocationOperation Call, ISymbol Member)> _runs = [];
    private readonly ConcurrentDictionary<ISymbol, bool> _calledWithoutGradients = new(SymbolEqualityComparer.Default);
    private readonly ConcurrentDictionary<ISymbol, bool> _modeMayBeSet = new(SymbolEqualityComparer.Default);
    private volatile bool _trains;
    private volatile bool _switchesForGood;

    /// <summary>The loads of modules that the type also runs; none when it trains.</summary>
    public IEnumerable<IInvocationOperation> LoadsForInference => _trains ? [] :
        from load in _loads
        where _runs.Any(run => Same(run.Module, load.Module))
        select load.Call;

    /// <summary>The runs of modules that the type loads, with where each is loaded first; none when it trains.</summary>
    public IEnumerable<(ISymbol Module, IInvocationOperation Call, ISymbol Member, IInvocationOperation Load)> RunsForInference => _trains ? [] :
        from run in _runs
        let load = _loads.Where(load => Same(load.Module, run.Module)).OrderBy(load => load.Call.Syntax.SpanStart).FirstOrDefault().Call
        where load is not null
        select (run.Module, run.Call, run.Member, load);

    /// <summary>Takes note of a call.</summary>
    public void Add(IInvocationOperation call, ISymbol member)
    {
        IMethodSymbol method = call.TargetMethod;
        if (SymbolEqualityComparer.Default.Equals(method.ContainingType, member.ContainingType) && IsGuarded(call)) _calledWithoutGradients[method.OriginalDefinition] = true;

        if (types.IsGradientSwitch(method)) _switchesForGood |= !IsInUsing(call);
        else if (types.IsArchiveLoad(method) || types.IsCheckpointLoad(call))
        {
            if (types.Holder(call) is { } module) _loads.Add((module, call));
        }
        else if (types.IsRun(call))
        {
            if (types.Holder(call) is { } module) _runs.Add((module, call, member));
        }
        else if (method.Name is "eval" or "train" && types.IsModule(call.Instance?.Type))
        {
            if (method.Name == "train" && call.Arguments is not [{ Value.ConstantValue: { HasValue: true, Value: false } }, ..]) _trains = true;
            else if (types.Holder(call) is { } module) _modeMayBeSet[module] = true;
        }
        else if (method.Name == "backward" && types.IsOwn(method.ContainingType)) _trains = true;
    }

    /// <summary>Takes note of a module that is handed to code which is not seen here, and may set its mode.</summary>
    public void Add(IArgumentOperation argument)
    {
        if (!types.IsModule(argument.Value.Type) || argument.Parent is IInvocationOperation { TargetMethod.ContainingType: var type } && types.IsOwn(type)) return;
        if (TorchTypes.Named(argument.Value) is { } module) _modeMayBeSet[module] = true;
    }

    /// <summary>True when a module made by a constructor is surely still in the mode that it was made in, training.</summary>
    public bool IsInTrainingMode(ISymbol module, IInvocationOperation load) =>
        types.IsCheckpointLoad(load)
        && module is ILocalSymbol or IFieldSymbol { DeclaredAccessibility: Accessibility.Private }
        && !_modeMayBeSet.ContainsKey(module);

    /// <summary>True when nothing around a run turns gradients off, nor around a call of its member in the same type.</summary>
    public bool RecordsGradients(IInvocationOperation run, ISymbol member) =>
        !_switchesForGood && !_calledWithoutGradients.ContainsKey(member) && !IsGuarded(run);

    private static bool Same(ISymbol left, ISymbol right) => SymbolEqualityComparer.Default.Equals(left, right);

    // using (torch.no_grad()) and using var _ = torch.no_grad(), inside one function.
    private bool IsGuarded(IOperation run)
    {
        for (IOperation inner = run; inner.Parent is { } outer and not (IAnonymousFunctionOperation or ILocalFunctionOperation); inner = outer)
        {
            if (outer is IUsingOperation { Resources: var resources } && SwitchesGradients(resources)) return true;
            if (outer is IBlockOperation block
                && block.Operations.TakeWhile(statement => statement != inner).OfType<IUsingDeclarationOperation>().Any(SwitchesGradients))
                return true;
        }
        return false;
    }

    private bool SwitchesGradients(IOperation resources) =>
        resources.DescendantsAndSelf().OfType<IInvocationOperation>().Any(call => types.IsGradientSwitch(call.TargetMethod));

    private static bool IsInUsing(IOperation call)
    {
        for (IOperation? outer = call.Parent; outer is not null and not IBlockOperation; outer = outer.Parent)
            if (outer is IUsingOperation or IUsingDeclarationOperation) return true;
        return false;
    }
}
