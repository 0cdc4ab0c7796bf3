using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using Octet.Quantization.Diagnostics;
using Octet.Torch.TorchScript.Operators;
using TorchSharp;

namespace Octet.Torch.TorchScript;

/// <summary>
/// Runs a script by calling TorchSharp for each operator. <c>if</c> and loops are resolved as they run: what is seen from outside is a sequence of calls.
/// How long and how deep a script may run is bounded.
/// </summary>
internal sealed class ScriptInterpreter(ScriptLibrary library, IReadOnlyList<object?> constants, OperatorTable operators)
{
    private const int MostSteps = 5_000_000;
    private const int MostItems = 1_000_000;
    private const int DeepestCall = 200;

    private readonly Dictionary<(ScriptObject, string), object?> _written = [];
    private int _steps;
    private int _calls;

    /// <summary>Runs a method of an object.</summary>
    /// <exception cref="ScriptFault">It cannot be run.</exception>
    public object? Run(ScriptObject target, string method, IReadOnlyList<object?> arguments)
    {
        _written.Clear();
        _steps = 0;
        _calls = 0;
        var place = new ScriptPlace("code", 1);
        return Invoke(Method(target, method, place), place, [target, .. arguments], ImmutableDictionary<string, object?>.Empty);
    }

    /// <summary>A value in the words of a message.</summary>
    public static string Describe(object? value) => value switch
    {
        null => "None",
        torch.Tensor tensor => $"a tensor [{string.Join(",", tensor.shape)}]",
        ScriptObject target => $"an object of {target.Type}",
        ScriptTuple => "a tuple",
        List<object?> => "a list",
        ScriptDictionary => "a dictionary",
        string => "a text",
        bool flag => flag ? "True" : "False",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => "a function or class",
    };

    /// <summary>Whether a value counts as true.</summary>
    public static bool IsTrue(object? value, ScriptPlace place) => value switch
    {
        bool flag => flag,
        long integer => integer != 0,
        double real => real != 0,
        null => false,
        torch.Tensor tensor => Operands.ScalarOf(tensor) switch { bool flag => flag, long integer => integer != 0, object real => (double)real != 0 },
        List<object?> list => list.Count > 0,
        string text => text.Length > 0,
        _ => throw ScriptFault.Running(place, $"{Describe(value)} is neither true nor false"),
    };

    private FunctionDefinition Method(ScriptObject target, string method, ScriptPlace place) =>
        library.FindClass(target.Type)?.Definition.Methods.GetValueOrDefault(method) ?? throw ScriptFault.Running(place, $"class {target.Type} has no method '{method}'");

    private object? Invoke(FunctionDefinition function, ScriptPlace place, IReadOnlyList<object?> positional, IReadOnlyDictionary<string, object?> named)
    {
        if (++_calls > DeepestCall)
            throw ScriptFault.Running(place, $"calls are nested more than {DeepestCall} deep");
        if (positional.Count > function.Parameters.Length)
            throw ScriptFault.Running(place, $"'{function.Name}' takes {function.Parameters.Length} arguments, and {positional.Count} are given");
        var locals = new Dictionary<string, object?>(StringComparer.Ordinal);
        for (int i = 0; i < function.Parameters.Length; i++)
        {
            Parameter parameter = function.Parameters[i];
            locals[parameter.Name] = i < positional.Count ? positional[i]
                : named.TryGetValue(parameter.Name, out object? value) ? value
                : parameter.Default is { } standard ? Evaluate(standard, [])
                : throw ScriptFault.Running(place, $"'{function.Name}' lacks argument '{parameter.Name}'");
        }

        if (named.Keys.FirstOrDefault(name => function.Parameters.All(parameter => parameter.Name != name)) is { } unknown)
            throw ScriptFault.Running(place, $"'{function.Name}' has no argument '{unknown}'");
        object? result = null;
        Execute(function.Body, locals, ref result);
        _calls--;
        return result;
    }

    private Flow Execute(ImmutableArray<Statement> statements, Dictionary<string, object?> locals, ref object? result)
    {
        foreach (Statement statement in statements)
        {
            Step(statement.Place);
            Flow flow = Execute(statement, locals, ref result);
            if (flow != Flow.On)
                return flow;
        }

        return Flow.On;
    }

    private Flow Execute(Statement statement, Dictionary<string, object?> locals, ref object? result)
    {
        switch (statement)
        {
            case ExpressionStatement expression:
                Evaluate(expression.Value, locals);
                return Flow.On;
            case AssignStatement assignment:
                Assign(assignment.Target, Evaluate(assignment.Value, locals), locals);
                return Flow.On;
            case IfStatement choice:
                return Execute(IsTrue(Evaluate(choice.Condition, locals), choice.Place) ? choice.Then : choice.Else, locals, ref result);
            case WhileStatement loop:
                while (IsTrue(Evaluate(loop.Condition, locals), loop.Place))
                {
                    Step(loop.Place);
                    Flow flow = Execute(loop.Body, locals, ref result);
                    if (flow == Flow.Return)
                        return flow;
                    if (flow == Flow.Break)
                        break;
                }

                return Flow.On;
            case ForStatement loop:
                foreach (object? item in Sequence(Evaluate(loop.Sequence, locals), loop.Place))
                {
                    Step(loop.Place);
                    Assign(loop.Target, item, locals);
                    Flow flow = Execute(loop.Body, locals, ref result);
                    if (flow == Flow.Return)
                        return flow;
                    if (flow == Flow.Break)
                        break;
                }

                return Flow.On;
            case ReturnStatement end:
                result = end.Value is null ? null : Evaluate(end.Value, locals);
                return Flow.Return;
            case BreakStatement:
                return Flow.Break;
            case ContinueStatement:
                return Flow.Continue;
            case PassStatement:
                return Flow.On;
            default:
                throw ScriptFault.Syntax(statement.Place, "a definition is not expected here");
        }
    }

    private void Assign(Expression target, object? value, Dictionary<string, object?> locals)
    {
        switch (target)
        {
            case NameExpression name:
                locals[name.Name] = value;
                break;
            case TupleExpression tuple:
                object?[] items = [.. Sequence(value, target.Place)];
                if (items.Length != tuple.Items.Length)
                    throw ScriptFault.Running(target.Place, $"{items.Length} values are given to {tuple.Items.Length} names");
                for (int i = 0; i < items.Length; i++)
                    Assign(tuple.Items[i], items[i], locals);
                break;
            case ListExpression list:
                Assign(new TupleExpression(list.Place, list.Items), value, locals);
                break;
            case AttributeExpression attribute when Evaluate(attribute.Target, locals) is ScriptObject owner:
                _written[(owner, attribute.Name)] = value;
                break;
            case SubscriptExpression element:
                SetElement(Evaluate(element.Target, locals), Evaluate(element.Index, locals), value, target.Place);
                break;
            default:
                throw ScriptFault.Running(target.Place, "nothing can be assigned to this");
        }
    }

    private static void SetElement(object? target, object? index, object? value, ScriptPlace place)
    {
        if (target is ScriptDictionary dictionary && index is not null)
            dictionary.Set(index, value);
        else if (target is List<object?> list && index is long at)
            list[Place(at, list.Count, place)] = value;
        else
            throw ScriptFault.Running(place, $"an element of {Describe(target)} cannot be set");
    }

    private object? Evaluate(Expression expression, Dictionary<string, object?> locals)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw ScriptFault.Running(expression.Place, "it is nested too deep");
        switch (expression)
        {
            case LiteralExpression literal:
                return literal.Value;
            case NameExpression name:
                return locals.TryGetValue(name.Name, out object? local) ? local : throw ScriptFault.Running(name.Place, $"'{name.Name}' has no value");
            case AttributeExpression attribute:
                return Path(attribute, locals) is { } path ? Global(path, attribute.Place) : Attribute(Evaluate(attribute.Target, locals), attribute.Name, attribute.Place);
            case CallExpression call:
                return Call(call, locals);
            case ListExpression list:
                return list.Items.Select(item => Evaluate(item, locals)).ToList();
            case TupleExpression tuple:
                return new ScriptTuple([.. tuple.Items.Select(item => Evaluate(item, locals))]);
            case DictionaryExpression dictionary:
                var filled = new ScriptDictionary();
                foreach ((Expression key, Expression value) in dictionary.Items)
                    filled.Set(Evaluate(key, locals) ?? throw ScriptFault.Running(key.Place, "None is no key"), Evaluate(value, locals));
                return filled;
            case SubscriptExpression element:
                return Element(element, locals);
            case ConditionalExpression choice:
                return Evaluate(IsTrue(Evaluate(choice.Condition, locals), choice.Place) ? choice.Then : choice.Else, locals);
            case UnaryExpression unary:
                return Operate(unary.Operator switch { "-" => "neg", "not" => "__not__", "~" => "bitwise_not", _ => "positive" }, unary.Place, [Evaluate(unary.Operand, locals)]);
            case BinaryExpression { Operator: "and" or "or" } logic:
                object? left = Evaluate(logic.Left, locals);
                return IsTrue(left, logic.Place) == (logic.Operator == "or") ? left : Evaluate(logic.Right, locals);
            case BinaryExpression { Operator: "not in" } absent:
                return !IsTrue(Operate("__contains__", absent.Place, [Evaluate(absent.Right, locals), Evaluate(absent.Left, locals)]), absent.Place);
            case BinaryExpression { Operator: "in" } present:
                return Operate("__contains__", present.Place, [Evaluate(present.Right, locals), Evaluate(present.Left, locals)]);
            case BinaryExpression binary:
                return Operate(OperatorName(binary.Operator), binary.Place, [Evaluate(binary.Left, locals), Evaluate(binary.Right, locals)]);
            default:
                throw ScriptFault.Running(expression.Place, "a range is not expected here");
        }
    }

    private static string OperatorName(string symbol) => symbol switch
    {
        "+" => "add",
        "-" => "sub",
        "*" => "mul",
        "/" => "div",
        "//" => "floordiv",
        "%" => "remainder",
        "**" => "pow",
        "@" => "matmul",
        "==" => "eq",
        "!=" => "ne",
        "<" => "lt",
        ">" => "gt",
        "<=" => "le",
        ">=" => "ge",
        "&" => "__and__",
        "|" => "__or__",
        "^" => "__xor__",
        "is" => "__is__",
        "is not" => "__isnot__",
        "+=" => "add_",
        "-=" => "sub_",
        "*=" => "mul_",
        _ => "div_",
    };

    private object? Call(CallExpression call, Dictionary<string, object?> locals)
    {
        string? path = Path(call.Target, locals);
        if (path is "annotate" or "unchecked_cast" && call.Arguments.Length == 2)
            return Annotated(path, call.Arguments[0].Value, Evaluate(call.Arguments[1].Value, locals));
        if (path is "uninitialized")
            return null;
        if (path is "isinstance" && call.Arguments.Length == 2)
            return IsInstance(Evaluate(call.Arguments[0].Value, locals), call.Arguments[1].Value);
        if (path is not null && path.EndsWith(".__new__", StringComparison.Ordinal))
            return new ScriptObject(path[..^".__new__".Length], []);

        List<object?> positional = [.. call.Arguments.Where(argument => argument.Name is null).Select(argument => Evaluate(argument.Value, locals))];
        var named = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (Argument argument in call.Arguments.Where(argument => argument.Name is not null))
            named[argument.Name!] = Evaluate(argument.Value, locals);

        if (path is not null)
        {
            return path switch
            {
                "getattr" when positional is [var owner, string name] => Attribute(owner, name, call.Place),
                "range" => Range([.. positional.Select(value => Operands.IntegerOf(value) ?? throw ScriptFault.Running(call.Place, "range wants integers"))], call.Place),
                _ when path.StartsWith("torch.", StringComparison.Ordinal) => Operate(path[(path.LastIndexOf('.') + 1)..], call.Place, positional, named),
                _ when path.StartsWith("ops.aten.", StringComparison.Ordinal) => Operate(path["ops.aten.".Length..], call.Place, positional, named),
                _ when path.StartsWith("ops.", StringComparison.Ordinal) => Operate(path["ops.".Length..].Replace(".", "::", StringComparison.Ordinal), call.Place, positional, named),
                _ when path.StartsWith("__torch__.", StringComparison.Ordinal) => CallValue(Global(path, call.Place), call.Place, positional, named),
                // int, float, bool, str, len, list, print.
                _ => Operate(path, call.Place, positional, named),
            };
        }

        if (call.Target is not AttributeExpression method)
            return CallValue(Evaluate(call.Target, locals), call.Place, positional, named);
        return Evaluate(method.Target, locals) switch
        {
            ScriptObject target when Find(target, method.Name) is ScriptFunction or ScriptClass => CallValue(Find(target, method.Name), call.Place, positional, named),
            ScriptObject target => Invoke(Method(target, method.Name, call.Place), call.Place, [target, .. positional], named),
            ScriptClass created when method.Name == "__new__" => new ScriptObject(created.Name, []),
            var value => Operate(method.Name, call.Place, [value, .. positional], named),
        };
    }

    private object? CallValue(object? function, ScriptPlace place, IReadOnlyList<object?> positional, IReadOnlyDictionary<string, object?> named)
    {
        switch (function)
        {
            case ScriptFunction { Definition: { } definition }:
                return Invoke(definition, place, positional, named);
            case ScriptObject target:
                return Invoke(Method(target, "forward", place), place, [target, .. positional], named);
            case ScriptClass { Definition: { } definition, Name: { } name }:
                var created = new ScriptObject(name, []);
                if (definition.Methods.TryGetValue("__init__", out FunctionDefinition? constructor))
                    Invoke(constructor, place, [created, .. positional], named);
                return created;
            default:
                throw ScriptFault.Running(place, $"{Describe(function)} cannot be called");
        }
    }

    private object? Operate(string name, ScriptPlace place, IReadOnlyList<object?> positional, IReadOnlyDictionary<string, object?>? named = null)
    {
        Func<Operands, object?> operation = operators.Find(name) ?? throw ScriptFault.UnknownOperator(place, name);
        var operands = new Operands(name, place, positional, named ?? ImmutableDictionary<string, object?>.Empty);
        try
        {
            object? result = operation(operands);
            operands.CheckAllTaken();
            if (result is string { Length: > MostItems } || result is List<object?> { Count: > MostItems })
                throw ScriptFault.Running(place, $"{name} makes more than {MostItems} items");
            return result;
        }
        catch (Exception exception) when (exception is not (ScriptFault or DiagnosticException))
        {
            string message = exception.Message.Split('\n')[0].TrimEnd('.');
            throw ScriptFault.Running(place, $"{name}({string.Join(", ", positional.Select(Describe))}) fails: {message}", exception);
        }
    }

    // A dotted name whose first part is no local name.
    private static string? Path(Expression expression, Dictionary<string, object?> locals)
    {
        var parts = new Stack<string>();
        while (expression is AttributeExpression attribute)
        {
            parts.Push(attribute.Name);
            expression = attribute.Target;
        }

        if (expression is not NameExpression name || locals.ContainsKey(name.Name))
            return null;
        parts.Push(name.Name);
        return string.Join('.', parts);
    }

    private object? Global(string path, ScriptPlace place)
    {
        if (path.StartsWith("CONSTANTS.c", StringComparison.Ordinal))
        {
            return int.TryParse(path["CONSTANTS.c".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < constants.Count
                ? constants[index]
                : throw ScriptFault.Running(place, $"the archive has no constant '{path}'");
        }

        return (object?)library.FindFunction(path) ?? library.FindClass(path) ?? throw ScriptFault.Running(place, $"the archive does not define '{path}'");
    }

    private object? Find(ScriptObject target, string name) =>
        _written.TryGetValue((target, name), out object? written) ? written : target.Attributes.GetValueOrDefault(name);

    private object? Attribute(object? target, string name, ScriptPlace place)
    {
        switch (target)
        {
            case ScriptObject owner:
                if (_written.TryGetValue((owner, name), out object? written))
                    return written;
                if (owner.Attributes.TryGetValue(name, out object? value))
                    return value;
                if (library.FindClass(owner.Type)?.Definition.Constants.TryGetValue(name, out Expression? constant) == true)
                    return Evaluate(constant, []);
                throw ScriptFault.Running(place, $"an object of {owner.Type} has no attribute '{name}'");
            case torch.Tensor:
                return Operate(name == "shape" ? "size" : $"prim::{name}", place, [target]);
            default:
                throw ScriptFault.Running(place, $"{Describe(target)} has no attribute '{name}'");
        }
    }

    private object? Element(SubscriptExpression element, Dictionary<string, object?> locals)
    {
        object? target = Evaluate(element.Target, locals);
        if (element.Index is SliceExpression slice)
        {
            long? At(Expression? part) => part is null ? null : Operands.IntegerOf(Evaluate(part, locals));
            (long? start, long? stop, long? step) = (At(slice.Start), At(slice.Stop), At(slice.Step));
            return target switch
            {
                List<object?> list => Slice(list, start, stop, step ?? 1, element.Place),
                ScriptTuple tuple => new ScriptTuple([.. Slice([.. tuple.Items], start, stop, step ?? 1, element.Place)]),
                torch.Tensor => Operate("slice", element.Place, [target, 0L, start, stop, step ?? 1L]),
                _ => throw ScriptFault.Running(element.Place, $"{Describe(target)} has no elements"),
            };
        }

        object? index = Evaluate(element.Index, locals);
        return target is torch.Tensor && index is long at ? Operate("select", element.Place, [target, 0L, at]) : Operate("__getitem__", element.Place, [target, index]);
    }

    /// <summary>The items from start to stop, as Python counts.</summary>
    public static List<object?> Slice(List<object?> items, long? start, long? stop, long step, ScriptPlace place)
    {
        if (step != 1)
            throw ScriptFault.Running(place, $"a list is sliced by steps of {step}");
        long Clamp(long at) => Math.Clamp(at < 0 ? at + items.Count : at, 0, items.Count);
        int from = (int)Clamp(start ?? 0);
        int to = (int)Clamp(stop ?? items.Count);
        return to > from ? items[from..to] : [];
    }

    /// <summary>The place of an index, which counts from the end where it is negative.</summary>
    public static int Place(long index, int count, ScriptPlace place)
    {
        long at = index < 0 ? index + count : index;
        return at >= 0 && at < count ? (int)at : throw ScriptFault.Running(place, $"there is no element {index} of {count}");
    }

    private static IEnumerable<object?> Sequence(object? value, ScriptPlace place) => value switch
    {
        // A copy: the loop may append to it.
        List<object?> list => [.. list],
        ScriptTuple tuple => tuple.Items,
        IEnumerable<object?> range => range,
        ScriptDictionary dictionary => dictionary.Items.Select(item => (object?)item.Key),
        torch.Tensor tensor => tensor.unbind(0),
        _ => throw ScriptFault.Running(place, $"{Describe(value)} has no items"),
    };

    private static IEnumerable<object?> Range(long[] bounds, ScriptPlace place)
    {
        (long start, long stop, long step) = bounds switch
        {
            [var end] => (0L, end, 1L),
            [var from, var end] => (from, end, 1L),
            [var from, var end, not 0] => (from, end, bounds[2]),
            _ => throw ScriptFault.Running(place, "range wants one to three integers, the last of them not 0"),
        };
        return Count();

        IEnumerable<object?> Count()
        {
            for (Int128 value = start; step > 0 ? value < stop : value > stop; value += step)
                yield return (long)value;
        }
    }

    // annotate(int, x) converts a tensor; of other types it only tells the type.
    private static object? Annotated(string function, Expression type, object? value) => (type, value) switch
    {
        (NameExpression { Name: "int" or "float" or "bool" or "number" }, torch.Tensor tensor) when function == "annotate" => Operands.ScalarOf(tensor),
        (NameExpression { Name: "float" }, long integer) => (double)integer,
        _ => value,
    };

    private static bool IsInstance(object? value, Expression type) => type switch
    {
        TupleExpression types => types.Items.Any(item => IsInstance(value, item)),
        ListExpression types => types.Items.Any(item => IsInstance(value, item)),
        NameExpression { Name: "Tensor" } or AttributeExpression { Name: "Tensor" } => value is torch.Tensor,
        NameExpression { Name: "int" } => value is long,
        NameExpression { Name: "float" } => value is double,
        NameExpression { Name: "bool" } => value is bool,
        NameExpression { Name: "str" } => value is string,
        NameExpression { Name: "NoneType" } or LiteralExpression { Value: null } => value is null,
        SubscriptExpression { Target: NameExpression { Name: "List" } } or NameExpression { Name: "list" } => value is List<object?>,
        SubscriptExpression { Target: NameExpression { Name: "Dict" } } => value is ScriptDictionary,
        SubscriptExpression { Target: NameExpression { Name: "Tuple" } } or NameExpression { Name: "tuple" } => value is ScriptTuple,
        SubscriptExpression { Target: NameExpression { Name: "Optional" }, Index: var inner } => value is null || IsInstance(value, inner),
        _ => throw ScriptFault.Running(type.Place, "isinstance of this type is not supported"),
    };

    private void Step(ScriptPlace place)
    {
        if (++_steps > MostSteps)
            throw ScriptFault.Running(place, $"it runs for more than {MostSteps} steps");
    }

    private enum Flow
    {
        On,
        Break,
        Continue,
        Return,
    }
}
