using System.Globalization;
using TorchSharp;

namespace Octet.Torch.TorchScript.Operators;

/// <summary>Lists, tuples, dictionaries and texts.</summary>
internal static class Collections
{
    public static void Register(OperatorTable table)
    {
        table.Add(call => call.Value(0, "a") switch
        {
            List<object?> list => (long)list.Count,
            ScriptTuple tuple => tuple.Items.Length,
            ScriptDictionary dictionary => dictionary.Items.Count,
            string text => text.Length,
            torch.Tensor tensor => tensor.shape[0],
            _ => throw call.Unsupported("of this value"),
        }, "len");
        table.Add(GetItem, "__getitem__");
        table.Add(call =>
        {
            List<object?> list = List(call);
            list[ScriptInterpreter.Place(call.Integer(1, "idx"), list.Count, call.Place)] = call.Value(2, "el");
            return list;
        }, "_set_item");
        table.Add(call => call.Value(0, "l") switch
        {
            List<object?> list => list.Contains(call.Value(1, "item")),
            ScriptDictionary dictionary => dictionary.TryGet(call.Value(1, "key")!, out _),
            string text => call.OptionalText(1, "item") is { } part && text.Contains(part, StringComparison.Ordinal),
            _ => throw call.Unsupported("of this value"),
        }, "__contains__");
        table.Add(call => Changed(call, list => list.Add(call.Value(1, "el"))), "append");
        table.Add(call => Changed(call, list => list.AddRange(call.Value(1, "other") as List<object?> ?? throw call.Unsupported("by what is no list"))), "extend");
        table.Add(call => Changed(call, list => list.Insert((int)Math.Clamp(call.Integer(1, "idx"), 0, list.Count), call.Value(2, "el"))), "insert");
        table.Add(call => Changed(call, list => list.Reverse()), "reverse");
        table.Add(call => Changed(call, list => list.Clear()), "clear");
        table.Add(call =>
        {
            List<object?> list = List(call);
            int at = ScriptInterpreter.Place(call.Integer(1, "idx", -1), list.Count, call.Place);
            object? item = list[at];
            list.RemoveAt(at);
            return item;
        }, "pop");
        table.Add(call => call.Value(0, "l") switch
        {
            List<object?> list => list.ToList(),
            ScriptTuple tuple => tuple.Items.ToList(),
            string text => text.Select(c => (object?)c.ToString()).ToList(),
            _ => throw call.Unsupported("of this value"),
        }, "list", "prim::tolist");
        table.Add(call => Dictionary(call).Items.Select(item => (object?)item.Key).ToList(), "keys");
        table.Add(call => Dictionary(call).Items.Select(item => item.Value).ToList(), "values");
        table.Add(call => Dictionary(call).Items.Select(item => (object?)ScriptTuple.Of(item.Key, item.Value)).ToList(), "items");
        table.Add(call => Dictionary(call).TryGet(call.Value(1, "key")!, out object? value) ? value : call.Value(2, "default"), "get");
        table.Add(call =>
        {
            Dictionary(call).Set(call.Value(1, "key")!, call.Value(2, "value"));
            return null;
        }, "_set_dict_item");
        // Texts are made for messages.
        table.Add(call =>
        {
            string text = call.OptionalText(0, "self") ?? "";
            for (int i = 1; i < call.Count; i++)
            {
                int at = text.IndexOf("{}", StringComparison.Ordinal);
                string shown = Convert.ToString(call.Value(i, "") is IConvertible value ? value : null, CultureInfo.InvariantCulture) ?? "";
                text = at < 0 ? text : string.Concat(text.AsSpan(0, at), shown, text.AsSpan(at + 2));
            }

            return text;
        }, "format");
        table.Add(call => string.Join(call.OptionalText(0, "self"), (call.Value(1, "values") as List<object?> ?? []).OfType<string>()), "join");
    }

    private static object? GetItem(Operands call)
    {
        object? target = call.Value(0, "self");
        if (target is ScriptDictionary dictionary)
            return dictionary.TryGet(call.Value(1, "key")!, out object? value) ? value : throw ScriptFault.Running(call.Place, "a dictionary lacks the key that is asked for");
        long index = call.Integer(1, "idx");
        return target switch
        {
            List<object?> list => list[ScriptInterpreter.Place(index, list.Count, call.Place)],
            ScriptTuple tuple => tuple.Items[ScriptInterpreter.Place(index, tuple.Items.Length, call.Place)],
            string text => text[ScriptInterpreter.Place(index, text.Length, call.Place)].ToString(),
            _ => throw call.Unsupported("of this value"),
        };
    }

    private static List<object?> List(Operands call) => call.Value(0, "self") as List<object?> ?? throw call.Unsupported("of what is no list");

    private static ScriptDictionary Dictionary(Operands call) => call.Value(0, "self") as ScriptDictionary ?? throw call.Unsupported("of what is no dictionary");

    private static List<object?> Changed(Operands call, Action<List<object?>> change)
    {
        List<object?> list = List(call);
        change(list);
        return list;
    }
}
