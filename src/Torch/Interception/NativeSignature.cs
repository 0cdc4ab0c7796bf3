using System.Collections.Immutable;

namespace Octet.Torch.Interception;

/// <summary>What a parameter of a native call is.</summary>
internal enum ParameterKind
{
    /// <summary>A number, a boolean or text: the argument says it.</summary>
    Plain,

    /// <summary>A pointer: a tensor, a number with a type, or nothing.</summary>
    Handle,

    /// <summary>A pointer to eight-byte elements, whose number another parameter gives.</summary>
    Array,

    /// <summary>The number of an array's elements.</summary>
    Length,

    /// <summary>A callback that allocates an array for results.</summary>
    Allocator,

    /// <summary>A result that is passed by reference.</summary>
    Out,

    /// <summary>A module of libtorch's own.</summary>
    Module,

    /// <summary>Anything else.</summary>
    Other,
}

/// <summary>A parameter.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Length">For an array the index of the parameter with its length; else -1.</param>
internal sealed record NativeParameter(string Name, ParameterKind Kind, int Length);

/// <summary>The declaration of a native call, and what the declaration does not say of it.</summary>
internal sealed record NativeSignature(string Name, bool ReturnsPointer, ImmutableArray<NativeParameter> Parameters)
{
    // Declared with a return value, but the native function returns nothing: what comes back is garbage.
    private static readonly HashSet<string> ReturnNothing = new(StringComparer.Ordinal) { "THSTensor_copy_", "THSTensor_save", "THSTensor_sizes", "THSTensor_strides" };

    // Return a pointer, but none to a tensor.
    private static readonly HashSet<string> ReturnOther = new(StringComparer.Ordinal) { "THSTensor_data", "THSTensor_item", "THSStorage_data_ptr", "THSAutograd_getInferenceModeGuard", "THSAutograd_SavedVariable_ctor" };

    // In place although their names do not say so.
    private static readonly HashSet<string> WritersByName = new(StringComparer.Ordinal)
    {
        "THSTensor_set1", "THSTensor_set2", "THSTensor_set3", "THSTensor_set4", "THSTensor_set5", "THSTensor_set6", "THSTensor_bernoulli_0", "THSTensor_bernoulli_1",
    };

    // What they do to their target is no writing into its memory.
    private static readonly HashSet<string> Relabelers = new(StringComparer.Ordinal)
    {
        "THSTensor_squeeze_", "THSTensor_squeeze_no_dim_", "THSTensor_unsqueeze_", "THSTensor_transpose_", "THSTensor_rename_", "THSTensor_t_", "THSTensor_detach_",
    };

    private static readonly string[] Randoms =
    [
        "rand", "randn", "randint", "randperm", "rand_out", "randn_out", "randint_out", "randperm_out", "rand_like", "randn_like", "randint_like", "bernoulli", "bernoulli_0", "bernoulli_1", "multinomial", "poisson",
        "binomial", "cauchy_", "exponential_", "geometric_", "normal_", "log_normal_", "random_", "uniform_", "standard_gamma_", "sample_dirichlet_", "rrelu", "rrelu_", "trunc_normal_", "orthogonal_", "sparse_",
        "kaiming_normal_", "kaiming_uniform_", "xavier_normal_", "xavier_uniform_",
    ];

    private static readonly HashSet<string> RandomNames = [.. Randoms.Select(name => $"THSTensor_{name}"), .. Randoms.Select(name => $"THSInit_{name}")];

    private static readonly HashSet<string> Reads = new(StringComparer.Ordinal)
    {
        "THSTensor_item", "THSTensor_data", "THSTensor_data_idx_float16", "THSTensor_data_idx_bfloat16", "THSTensor_is_nonzero", "THSTensor_equal", "THSTensor_allclose",
    };

    /// <summary>Whether the return value is a tensor's handle, as far as the declaration tells.</summary>
    public bool ReturnsTensor { get; } = ReturnsPointer && !ReturnNothing.Contains(Name) && !ReturnOther.Contains(Name) && Parameters.All(parameter => parameter.Kind != ParameterKind.Allocator)
        && (Name.StartsWith("THSTensor_", StringComparison.Ordinal) || Name.StartsWith("THSNN_", StringComparison.Ordinal) || Name.StartsWith("THSSpecial_", StringComparison.Ordinal)
            || Name.StartsWith("THSLinalg_", StringComparison.Ordinal) || Name.StartsWith("THSVision_", StringComparison.Ordinal) || Name.StartsWith("THSTorch_lstsq", StringComparison.Ordinal)
            || Name.StartsWith("THSAutograd_", StringComparison.Ordinal) || Name.StartsWith("THSGenerator_get_rng", StringComparison.Ordinal) || Name.StartsWith("THSJIT_", StringComparison.Ordinal))
        && !IsModuleConstructor(Name);

    /// <summary>Whether the call makes a module of libtorch's own.</summary>
    public bool MakesModule { get; } = IsModuleConstructor(Name);

    /// <summary>Whether it makes a number with a type.</summary>
    public bool MakesScalar { get; } = Name.StartsWith("THSTorch_", StringComparison.Ordinal) && Name.EndsWith("_to_scalar", StringComparison.Ordinal);

    /// <summary>Whether it lets go of a number with a type.</summary>
    public bool DisposesScalar { get; } = Name == "THSTorch_dispose_scalar";

    /// <summary>Whether it lets go of a tensor.</summary>
    public bool DisposesTensor { get; } = Name is "THSTensor_dispose" or "THSTensor_free";

    /// <summary>Whether it writes into its first argument's memory, unless a parameter <c>inplace</c> decides.</summary>
    public bool WritesFirst { get; } = (Name.EndsWith('_') || WritersByName.Contains(Name)) && !Relabelers.Contains(Name) && Parameters is [{ Kind: ParameterKind.Handle }, ..];

    /// <summary>Whether it gives its first argument another shape, with the same memory.</summary>
    public bool RelabelsFirst { get; } = Relabelers.Contains(Name);

    /// <summary>The index of the parameter that makes the call write into its first argument; -1 where there is none.</summary>
    public int InPlaceFlag { get; } = Parameters.Select(parameter => parameter.Name).ToList().IndexOf("inplace");

    /// <summary>Whether what it calculates is random.</summary>
    public bool IsRandom { get; } = RandomNames.Contains(Name);

    /// <summary>Whether it runs a module that was loaded with its code: its arguments are in memory of its own form, and what it calculates nobody sees.</summary>
    public bool RunsCompiledModule { get; } = Name is "THSJIT_Module_forward" or "THSJIT_Module_invoke" or "THSJIT_CompilationUnit_Invoke" or "THSExport_Module_run";

    /// <summary>Whether it rounds to integers: of parameters too, whose integers and scales are part of the model.</summary>
    public bool Quantizes { get; } = Name is "THSTensor_quantize_per_tensor" or "THSTensor_quantize_per_channel";

    /// <summary>Whether it reads a value into C#.</summary>
    public bool ReadsValue { get; } = Reads.Contains(Name);

    /// <summary>Reads a signature.</summary>
    /// <param name="name">The call's name.</param>
    /// <param name="declaration">The return type, then the parameters' types and names, as <c>IntPtr;IntPtr input,Int64 dim</c>.</param>
    public static NativeSignature Parse(string name, string declaration)
    {
        string[] parts = declaration.Split(';');
        (string Type, string Name)[] parsed = [.. parts[1].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(parameter => parameter.Split(' ')).Select(words => (words[0], words[1]))];
        NativeParameter[] result = [.. parsed.Select(parameter => new NativeParameter(parameter.Name, KindOf(parameter.Type), -1))];
        for (int i = 1; i < parsed.Length; i++)
        {
            if (parsed[i].Type is not ("Int32" or "Int64") || !IsLength(parsed[i].Name) || name == "crc32c_append")
                continue;
            // One length for all the pointers before it only where they say so by their names.
            bool several = parsed[i].Name == "indicesLength";
            for (int pointer = i - 1; pointer >= 0 && result[pointer].Kind == ParameterKind.Handle && (several ? parsed[pointer].Name.StartsWith("index", StringComparison.Ordinal) : pointer == i - 1); pointer--)
            {
                result[pointer] = result[pointer] with { Kind = ParameterKind.Array, Length = i };
                result[i] = result[i] with { Kind = ParameterKind.Length };
            }
        }
        return new NativeSignature(name, parts[0] == "IntPtr", [.. result]);
    }

    private static bool IsModuleConstructor(string name) =>
        name.StartsWith("THSNN_", StringComparison.Ordinal) && (name.EndsWith("_ctor", StringComparison.Ordinal) || name.EndsWith("_from_pretrained", StringComparison.Ordinal) || name is "THSNN_custom_module" or "THSNN_Module_load");

    private static bool IsLength(string name) => name.EndsWith("length", StringComparison.OrdinalIgnoreCase) || name.EndsWith("len", StringComparison.OrdinalIgnoreCase) || name == "numDimensions";

    private static ParameterKind KindOf(string type) => type switch
    {
        "IntPtr" => ParameterKind.Handle,
        _ when type.EndsWith('*') => ParameterKind.Handle,
        _ when type.EndsWith('&') => ParameterKind.Out,
        "AllocatePinnedArray" => ParameterKind.Allocator,
        "HType" => ParameterKind.Module,
        "Boolean" or "SByte" or "Byte" or "Int16" or "UInt16" or "Int32" or "UInt32" or "Int64" or "UInt64" or "Single" or "Double" or "String" => ParameterKind.Plain,
        _ => ParameterKind.Other,
    };
}
