using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using Octet.Quantization.Diagnostics;
using TorchSharp;

namespace Octet.Torch.Export;

/// <summary>Finds a module's type in an assembly, and constructs it with arguments that are given as text.</summary>
internal static class ModuleConstruction
{
    /// <summary>Constructs the module.</summary>
    /// <param name="assembly">The assembly.</param>
    /// <param name="typeName">The type's full name, or its simple name where that is unambiguous.</param>
    /// <param name="arguments">The constructor's arguments.</param>
    /// <exception cref="DiagnosticException">OCT2103: there is no such module type. OCT2104: no constructor takes the arguments. OCT2105: it throws.</exception>
    public static torch.nn.Module Construct(Assembly assembly, string typeName, ImmutableArray<string> arguments)
    {
        Type type = FindType(assembly, typeName);
        ConstructorInfo[] constructors = [.. type.GetConstructors().OrderBy(constructor => constructor.GetParameters().Length)];
        foreach (ConstructorInfo constructor in constructors)
            if (Convert(constructor.GetParameters(), arguments) is { } values)
                return Invoke(type, constructor, values);
        throw DiagnosticCatalog.Exception("OCT2104", assembly.Location, type.FullName, string.Join(", ", arguments), constructors.Length == 0 ? "it has no public one"
            : $"there {(constructors.Length == 1 ? "is" : "are")} {string.Join(" and ", constructors.Select(Describe))}");
    }

    private static Type FindType(Assembly assembly, string typeName)
    {
        Type[] types = LoadableTypes(assembly);
        Type[] found = [.. types.Where(type => type.FullName?.Replace('+', '.') == typeName.Replace('+', '.'))];
        if (found.Length == 0)
            found = [.. types.Where(type => type.Name == typeName)];
        string? reason = found switch
        {
            [] => $"'{Path.GetFileName(assembly.Location)}' has no such type{Candidates(types)}",
            [_, _, ..] => $"there are several, {string.Join(", ", found.Select(type => type.FullName))}",
            [{ IsAbstract: true }] => "it is abstract",
            [{ ContainsGenericParameters: true }] => "it is generic",
            [Type type] when !typeof(torch.nn.Module).IsAssignableFrom(type) => $"it does not derive from torch.nn.Module{Candidates(types)}",
            _ => null,
        };
        return reason is null ? found[0] : throw DiagnosticCatalog.Exception("OCT2103", assembly.Location, typeName, reason);
    }

    private static Type[] LoadableTypes(Assembly assembly)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException exception)
        {
            // Types whose dependencies are missing are none that can be constructed.
            return [.. exception.Types.OfType<Type>()];
        }
    }

    private static string Candidates(Type[] types)
    {
        string[] names = [.. types.Where(type => typeof(torch.nn.Module).IsAssignableFrom(type) && type is { IsAbstract: false, ContainsGenericParameters: false }).Select(type => type.FullName!).Order(StringComparer.Ordinal)];
        return names.Length == 0 ? "" : $" (modules are {string.Join(", ", names.Take(8))}{(names.Length > 8 ? ", ..." : "")})";
    }

    private static torch.nn.Module Invoke(Type type, ConstructorInfo constructor, object?[] values)
    {
        try
        {
            return (torch.nn.Module)constructor.Invoke(values);
        }
        catch (TargetInvocationException exception) when (exception.InnerException is { } inner)
        {
            throw new DiagnosticException(DiagnosticCatalog.Create("OCT2105", type.Assembly.Location, type.FullName, $"{inner.GetType().Name}: {FirstLine(inner.Message)}"), inner);
        }
    }

    /// <summary>What is left of an exception's message once libtorch's stack trace is taken off.</summary>
    internal static string FirstLine(string message) => message.Split('\n')[0].Trim().TrimEnd('.');

    private static object?[]? Convert(ParameterInfo[] parameters, ImmutableArray<string> arguments)
    {
        if (arguments.Length > parameters.Length || parameters.Skip(arguments.Length).Any(parameter => !parameter.HasDefaultValue))
            return null;
        object?[] values = [.. parameters.Select(parameter => parameter.HasDefaultValue ? parameter.DefaultValue : null)];
        for (int i = 0; i < arguments.Length; i++)
            if (!TryConvert(arguments[i], parameters[i].ParameterType, out values[i]))
                return null;
        return values;
    }

    private static bool TryConvert(string text, Type type, out object? value)
    {
        value = null;
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return text is "null" || TryConvert(text, underlying, out value);
        if (type == typeof(string))
            value = text;
        else if (type.IsEnum)
            value = Enum.TryParse(type, text, ignoreCase: true, out object? parsed) ? parsed : null;
        else if (type == typeof(bool))
            value = bool.TryParse(text, out bool flag) ? flag : null;
        else if (type.IsPrimitive)
            value = Number(text, type);
        else if (type.IsArray && type.GetElementType() is { } element)
            value = Array(text, element);
        return value is not null;
    }

    private static object? Number(string text, Type type)
    {
        try
        {
            return System.Convert.ChangeType(text, type, CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is FormatException or OverflowException or InvalidCastException)
        {
            return null;
        }
    }

    private static Array? Array(string text, Type element)
    {
        string[] parts = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Array array = System.Array.CreateInstance(element, parts.Length);
        for (int i = 0; i < parts.Length; i++)
        {
            if (!TryConvert(parts[i], element, out object? value))
                return null;
            array.SetValue(value, i);
        }
        return array;
    }

    private static string Describe(ConstructorInfo constructor) =>
        $"({string.Join(", ", constructor.GetParameters().Select(parameter => $"{parameter.ParameterType.Name} {parameter.Name}{(parameter.HasDefaultValue ? " = ..." : "")}"))})";
}
