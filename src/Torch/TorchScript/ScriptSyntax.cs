using System.Collections.Immutable;

namespace Octet.Torch.TorchScript;

/// <summary>An expression.</summary>
internal abstract record Expression(ScriptPlace Place);

internal sealed record NameExpression(ScriptPlace Place, string Name) : Expression(Place);

/// <summary>null, bool, long, double or string.</summary>
internal sealed record LiteralExpression(ScriptPlace Place, object? Value) : Expression(Place);

internal sealed record AttributeExpression(ScriptPlace Place, Expression Target, string Name) : Expression(Place);

internal sealed record CallExpression(ScriptPlace Place, Expression Target, ImmutableArray<Argument> Arguments) : Expression(Place);

internal sealed record ListExpression(ScriptPlace Place, ImmutableArray<Expression> Items) : Expression(Place);

internal sealed record TupleExpression(ScriptPlace Place, ImmutableArray<Expression> Items) : Expression(Place);

internal sealed record DictionaryExpression(ScriptPlace Place, ImmutableArray<(Expression Key, Expression Value)> Items) : Expression(Place);

internal sealed record SubscriptExpression(ScriptPlace Place, Expression Target, Expression Index) : Expression(Place);

/// <summary>start:stop:step within a subscript.</summary>
internal sealed record SliceExpression(ScriptPlace Place, Expression? Start, Expression? Stop, Expression? Step) : Expression(Place);

internal sealed record ConditionalExpression(ScriptPlace Place, Expression Condition, Expression Then, Expression Else) : Expression(Place);

/// <summary>An operator with one operand: -, +, ~ or not.</summary>
internal sealed record UnaryExpression(ScriptPlace Place, string Operator, Expression Operand) : Expression(Place);

/// <summary>An operator with two operands; <c>and</c> and <c>or</c> look at the second only when they must.</summary>
internal sealed record BinaryExpression(ScriptPlace Place, string Operator, Expression Left, Expression Right) : Expression(Place);

/// <summary>An argument of a call, with its name where it has one.</summary>
internal readonly record struct Argument(string? Name, Expression Value);

/// <summary>A statement.</summary>
internal abstract record Statement(ScriptPlace Place);

internal sealed record ExpressionStatement(ScriptPlace Place, Expression Value) : Statement(Place);

/// <summary>target = value; the target is a name, an attribute, an element, or a tuple of them.</summary>
internal sealed record AssignStatement(ScriptPlace Place, Expression Target, Expression Value) : Statement(Place);

internal sealed record IfStatement(ScriptPlace Place, Expression Condition, ImmutableArray<Statement> Then, ImmutableArray<Statement> Else) : Statement(Place);

internal sealed record WhileStatement(ScriptPlace Place, Expression Condition, ImmutableArray<Statement> Body) : Statement(Place);

internal sealed record ForStatement(ScriptPlace Place, Expression Target, Expression Sequence, ImmutableArray<Statement> Body) : Statement(Place);

internal sealed record ReturnStatement(ScriptPlace Place, Expression? Value) : Statement(Place);

internal sealed record BreakStatement(ScriptPlace Place) : Statement(Place);

internal sealed record ContinueStatement(ScriptPlace Place) : Statement(Place);

internal sealed record PassStatement(ScriptPlace Place) : Statement(Place);

/// <summary>A function or method.</summary>
internal sealed record FunctionDefinition(ScriptPlace Place, string Name, ImmutableArray<Parameter> Parameters, ImmutableArray<Statement> Body) : Statement(Place);

/// <summary>A parameter with the value that it has where none is given.</summary>
internal sealed record Parameter(string Name, Expression? Default);

/// <summary>A class; of its attributes only those with a value stand here, such as <c>stride : Final[int] = 2</c>.</summary>
internal sealed record ClassDefinition(ScriptPlace Place, string Name, ImmutableDictionary<string, Expression> Constants, ImmutableDictionary<string, FunctionDefinition> Methods)
    : Statement(Place);
