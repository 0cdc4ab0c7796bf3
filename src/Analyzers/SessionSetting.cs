using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace Octet.Analyzers;

/// <summary>
/// A setting of <c>SessionOptions</c> under which ONNX Runtime leaves the conversions of a quantized model as they are, and computes in
/// float between them.
/// </summary>
/// <param name="Syntax">Where it is set.</param>
/// <param name="Name">The value or the call, as the code writes it.</param>
/// <param name="IsLevel">True for a lowered graph optimization level, false for an execution provider.</param>
internal sealed record SessionSetting(SyntaxNode Syntax, string Name, bool IsLevel)
{
    // GraphOptimizationLevel.ORT_ENABLE_EXTENDED: the first level that fuses the conversions with what stands between them.
    private const int LowestLevelThatFuses = 2;

    // Execution providers without kernels for 8-bit convolutions and matrix products, by the names of both forms of the call.
    private static readonly ImmutableHashSet<string> FloatProviders =
        ImmutableHashSet.Create(StringComparer.OrdinalIgnoreCase, "CUDA", "ROCm", "CoreML", "WebGPU");

    /// <summary>
    /// Finds the setting in options made on the spot, kept in a variable that gets one value, or in a private readonly field of the same
    /// file. Null when there is none, when the options may be changed elsewhere, or when a condition decides.
    /// </summary>
    public static SessionSetting? Of(IOperation? options, KnownTypes types, CancellationToken cancellationToken) => Unwrap(options) switch
    {
        ILocalReferenceOperation local => OfVariable(local, types),
        IFieldReferenceOperation { Field: { IsReadOnly: true, DeclaredAccessibility: Accessibility.Private } field, SemanticModel: { } model } =>
            OfField(field, model, cancellationToken),
        { } value => OfValue(value),
        null => null,
    };

    private static SessionSetting? OfVariable(ILocalReferenceOperation variable, KnownTypes types)
    {
        if (LocalValue.Of(variable) is not { } value) return null;
        List<SessionSetting?> settings = [OfValue(value)];
        bool setsLevel = settings[0] is { IsLevel: true } || SetsLevel(value);
        foreach (IOperation operation in LocalValue.Outermost(variable).Descendants())
        {
            if (operation is not ILocalReferenceOperation use || !SymbolEqualityComparer.Default.Equals(use.Local, variable.Local)) continue;
            switch (use.Parent)
            {
                case IPropertyReferenceOperation { Parent: IAssignmentOperation { } assignment } property when assignment.Target == property:
                    if (!NamesLevel(property)) continue;
                    // Two values, or one under a condition: which one holds is not known.
                    if (setsLevel || MayBeSkipped(assignment)) return null;
                    setsLevel = true;
                    settings.Add(OfLevel(assignment));
                    continue;
                case IInvocationOperation call when call.Instance == use:
                    if (!MayBeSkipped(call)) settings.Add(OfProvider(call));
                    continue;
                case IArgumentOperation { Parent: var parent } when !OpensSession(parent, types):
                    return null;
            }
        }
        return settings.OfType<SessionSetting>().OrderByDescending(setting => setting.IsLevel).FirstOrDefault();
    }

    private static SessionSetting? OfField(IFieldSymbol field, SemanticModel model, CancellationToken cancellationToken) =>
        field.DeclaringSyntaxReferences.Select(reference => reference.GetSyntax(cancellationToken)).FirstOrDefault()
            is VariableDeclaratorSyntax { Initializer.Value: { } value } && value.SyntaxTree == model.SyntaxTree
            && Unwrap(model.GetOperation(value, cancellationToken)) is { } operation
            ? OfValue(operation) : null;

    private static SessionSetting? OfValue(IOperation value) => Unwrap(value) switch
    {
        IObjectCreationOperation creation => LevelsIn(creation).Select(OfLevel).FirstOrDefault(),
        IInvocationOperation { TargetMethod: { IsStatic: true, Name: "MakeSessionOptionWithCudaProvider" or "MakeSessionOptionWithRocmProvider" } method } call =>
            new SessionSetting(call.Syntax, method.Name, false),
        _ => null,
    };

    private static bool SetsLevel(IOperation value) => Unwrap(value) is IObjectCreationOperation creation && LevelsIn(creation).Any();

    private static IEnumerable<IAssignmentOperation> LevelsIn(IObjectCreationOperation creation) =>
        from assignment in creation.Initializer?.Initializers.OfType<IAssignmentOperation>() ?? []
        where assignment.Target is IPropertyReferenceOperation property && NamesLevel(property)
        select assignment;

    private static SessionSetting? OfLevel(IAssignmentOperation assignment) =>
        assignment.Value is { ConstantValue: { HasValue: true, Value: int level }, Syntax: var syntax } && level < LowestLevelThatFuses
            ? new SessionSetting(assignment.Syntax, syntax.ToString(), true) : null;

    private static SessionSetting? OfProvider(IInvocationOperation call)
    {
        const string Append = "AppendExecutionProvider";
        string method = call.TargetMethod.Name;
        if (!method.StartsWith(Append, StringComparison.Ordinal)) return null;
        string provider = method.Length > Append.Length
            ? method.Substring(Append.Length + 1)
            : call.Arguments.FirstOrDefault()?.Value.ConstantValue is { HasValue: true, Value: string name } ? name : "";
        return FloatProviders.Contains(provider) ? new SessionSetting(call.Syntax, provider, false) : null;
    }

    private static bool NamesLevel(IPropertyReferenceOperation property) => property.Property.Name == "GraphOptimizationLevel";

    private static bool OpensSession(IOperation? operation, KnownTypes types) => operation switch
    {
        IObjectCreationOperation creation => types.IsSession(creation.Type),
        IInvocationOperation call => types.IsQuantizedModel(call.TargetMethod.ContainingType),
        _ => false,
    };

    private static bool MayBeSkipped(IOperation operation)
    {
        for (IOperation? outer = operation.Parent; outer is not null; outer = outer.Parent)
            if (outer is IConditionalOperation or ISwitchOperation or ISwitchExpressionOperation or ILoopOperation or ITryOperation
                or IAnonymousFunctionOperation or ILocalFunctionOperation or IConditionalAccessOperation)
                return true;
        return false;
    }

    private static IOperation? Unwrap(IOperation? operation)
    {
        while (operation is IConversionOperation { OperatorMethod: null } conversion) operation = conversion.Operand;
        return operation is ILiteralOperation ? null : operation;
    }
}
