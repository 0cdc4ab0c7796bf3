using System.Collections;
using System.Reflection;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Octet.Training;

/// <summary>A place in a tree of modules where a module is: registered with its parent under a name, and held by fields and collections of it.</summary>
/// <param name="Parent">The parent.</param>
/// <param name="Key">The name that it is registered under.</param>
/// <param name="Path">Its name in the state dict, without that of a parameter.</param>
/// <param name="Module">The module that is there.</param>
internal sealed record ModuleSlot(nn.Module Parent, string Key, string Path, nn.Module Module)
{
    private const BindingFlags OwnFields = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>The children of a module in their order.</summary>
    public static ModuleSlot[] Of(nn.Module parent, string path) => [.. parent.named_children().Select(child => new ModuleSlot(parent, child.name, path.Length == 0 ? child.name : $"{path}.{child.name}", child.module))];

    /// <summary>Every place below a module, parents before children.</summary>
    /// <param name="root">The module.</param>
    /// <param name="enter">Whether the places below one are wanted too.</param>
    public static IEnumerable<ModuleSlot> Below(nn.Module root, Func<ModuleSlot, bool> enter) => Of(root, "").SelectMany(slot => Below(slot, enter));

    /// <summary>Why another module cannot be put here; null where it can.</summary>
    /// <param name="type">The other module's type.</param>
    public string? ReasonFixed(Type type) => Holders().Select(holder => holder.Accepts(type) ? null : holder.Description).FirstOrDefault(reason => reason is not null);

    /// <summary>Puts another module here, under the same name and in the same order.</summary>
    public void Replace(nn.Module by)
    {
        foreach (Holder holder in Holders().ToArray())
            holder.Set(by);
        if (Parent is Sequential)
            return;
        // Registered anew from this one on, so that the order of the state stays.
        (string Name, nn.Module Module)[] children = [.. Parent.named_children().SkipWhile(child => child.name != Key)];
        foreach ((string name, _) in children)
            Parent.register_module(name, null!);
        foreach ((string name, nn.Module module) in children)
            Parent.register_module(name, name == Key ? by : module);
    }

    private static IEnumerable<ModuleSlot> Below(ModuleSlot slot, Func<ModuleSlot, bool> enter) =>
        enter(slot) ? Of(slot.Module, slot.Path).SelectMany(child => Below(child, enter)).Prepend(slot) : [slot];

    // Whatever of the parent refers to the module, so that forward() finds the other one.
    private IEnumerable<Holder> Holders()
    {
        for (Type? type = Parent.GetType(); type is not null && type != typeof(nn.Module); type = type.BaseType)
            foreach (FieldInfo field in type.GetFields(OwnFields))
            {
                object? value = field.GetValue(Parent);
                if (ReferenceEquals(value, Module))
                    yield return new Holder(field.FieldType.IsAssignableFrom, by => field.SetValue(Parent, by),
                        $"the field '{field.Name.Split('>')[0].TrimStart('<')}' of {Parent.GetType().Name} is of type {field.FieldType.Name}; declare it as Module<Tensor, Tensor>");
                else if (value is IList list)
                    foreach (Holder holder in Elements(list, field.Name))
                        yield return holder;
            }
        if (Parent is IList own)
            foreach (Holder holder in Elements(own, Parent.GetType().Name))
                yield return holder;
        if (Parent.GetType() is { IsGenericType: true } generic && (generic.GetGenericTypeDefinition() == typeof(ModuleList<>) || generic.GetGenericTypeDefinition() == typeof(ModuleDict<>)))
            yield return InCollection(generic);
    }

    private IEnumerable<Holder> Elements(IList list, string name)
    {
        for (int i = 0; i < list.Count; i++)
        {
            int index = i;
            if (!ReferenceEquals(list[i], Module))
                continue;
            Type element = list.GetType().GetElementType() ?? list.GetType().GetGenericArguments().FirstOrDefault() ?? typeof(object);
            yield return new Holder(element.IsAssignableFrom, by => list[index] = by, $"'{name}' of {Parent.GetType().Name} holds elements of type {element.Name}; declare them as Module<Tensor, Tensor>");
        }
    }

    // Their own lists are private and of their element type.
    private Holder InCollection(Type generic)
    {
        Type element = generic.GetGenericArguments()[0];
        bool isList = generic.GetGenericTypeDefinition() == typeof(ModuleList<>);
        PropertyInfo item = generic.GetProperty("Item", isList ? [typeof(int)] : [typeof(string)])!;
        return new Holder(element.IsAssignableFrom, by => item.SetValue(Parent, by, [isList ? int.Parse(Key, System.Globalization.CultureInfo.InvariantCulture) : Key]),
            $"it lies in a {generic.Name.Split('`')[0]}<{element.Name}>; declare that as of Module<Tensor, Tensor>");
    }

    private sealed record Holder(Func<Type, bool> Accepts, Action<nn.Module> Set, string Description);
}
