using Octet.Torch.Tracing;

namespace Octet.Torch.Conversion;

/// <summary>Reads how a module that libtorch implements was made.</summary>
internal static class NativeModules
{
    /// <summary>An integer of its constructor.</summary>
    internal static long Integer(this NativeModule module, string parameter) => module.Arguments.OfType<IntegerArgument>().First(argument => argument.Name == parameter).Value.First;

    /// <summary>A boolean of its constructor.</summary>
    internal static bool Flag(this NativeModule module, string parameter) => module.Integer(parameter) != 0;

    /// <summary>A parameter; null where it has none of that name.</summary>
    internal static TracedTensor? OptionalParameter(this NativeModule module, string name) => module.Parameters.FirstOrDefault(parameter => parameter.Name == name).Value;

    /// <summary>A parameter that a module of its kind always has.</summary>
    internal static TracedTensor Parameter(this NativeModule module, string name) =>
        module.OptionalParameter(name) ?? throw new InvalidOperationException($"{module.Constructor} has no parameter '{name}', but: {string.Join(", ", module.Parameters.Select(parameter => parameter.Name))}.");

    /// <summary>The module that was given to its constructor: the layer that an encoder repeats.</summary>
    internal static NativeModule Given(this NativeModule module, string parameter) => module.Arguments.OfType<ModuleArgument>().First(argument => argument.Name == parameter).Value;
}
