using System.Collections.Immutable;
using TorchSharp;

namespace Octet.Torch.Tracing;

/// <summary>A number with the element type that TorchSharp gave it.</summary>
/// <param name="Type">Its element type.</param>
/// <param name="Number">Its value; exact for integers up to 2^53.</param>
/// <param name="Integer">Its value as an integer, for integers and booleans.</param>
public readonly record struct TorchScalar(torch.ScalarType Type, double Number, long Integer);

/// <summary>An argument of a native call, by the name of its parameter.</summary>
/// <param name="Name">The parameter's name.</param>
public abstract record TracedArgument(string Name);

/// <summary>A tensor; null where none was given.</summary>
public sealed record TensorArgument(string Name, TracedTensor? Value) : TracedArgument(Name);

/// <summary>Several tensors; null for those that are left out.</summary>
public sealed record TensorsArgument(string Name, ImmutableArray<TracedTensor?> Values) : TracedArgument(Name);

/// <summary>An integer, a boolean (0 or 1) or the code of an enumeration.</summary>
public sealed record IntegerArgument(string Name, Extent Value) : TracedArgument(Name);

/// <summary>Several integers.</summary>
public sealed record IntegersArgument(string Name, ImmutableArray<Extent> Values) : TracedArgument(Name);

/// <summary>A floating-point number.</summary>
public sealed record NumberArgument(string Name, double Value) : TracedArgument(Name);

/// <summary>Several floating-point numbers.</summary>
public sealed record NumbersArgument(string Name, ImmutableArray<double> Values) : TracedArgument(Name);

/// <summary>A number with a type of its own; null where none was given.</summary>
public sealed record ScalarArgument(string Name, TorchScalar? Value) : TracedArgument(Name);

/// <summary>Text; null where none was given.</summary>
public sealed record TextArgument(string Name, string? Value) : TracedArgument(Name);

/// <summary>A module that libtorch itself implements.</summary>
public sealed record ModuleArgument(string Name, NativeModule Value) : TracedArgument(Name);

/// <summary>A module that libtorch itself implements: how it was constructed, and its parameters by their names within it.</summary>
/// <param name="Constructor">The native call that made it, as <c>THSNN_LSTM_ctor</c>.</param>
/// <param name="Arguments">That call's arguments.</param>
/// <param name="Parameters">Its parameters, as <c>weight_ih_l0</c>.</param>
public sealed record NativeModule(string Constructor, ImmutableArray<TracedArgument> Arguments, ImmutableArray<(string Name, TracedTensor Value)> Parameters);

/// <summary>One call into TorchSharp's native library that has to do with an input.</summary>
/// <param name="Native">The native call's name.</param>
/// <param name="Arguments">Its arguments in the order of its parameters, without those for results.</param>
/// <param name="Results">What it returned: the return value, then those of out parameters, then those of an array. Of an in-place call, the target's new value first.</param>
/// <param name="ModulePath">The module in whose forward it was made, as <c>layer1.0.conv1</c>; empty for the traced module itself.</param>
/// <param name="ModuleType">That module's type.</param>
public sealed record TracedCall(string Native, ImmutableArray<TracedArgument> Arguments, ImmutableArray<TracedTensor> Results, string ModulePath, string ModuleType)
{
    /// <summary>Where the call was made, for messages.</summary>
    public string Place => ModulePath.Length == 0 ? ModuleType : $"{ModulePath} ({ModuleType})";
}

/// <summary>A traced calculation.</summary>
/// <param name="Inputs">Its inputs.</param>
/// <param name="Calls">The calls in the order in which they were made.</param>
/// <param name="Outputs">Its outputs.</param>
/// <param name="Reads">Where values that depend on an input were read into C#: what was then decided by them is not in the trace.</param>
public sealed record Trace(ImmutableArray<TracedTensor> Inputs, ImmutableArray<TracedCall> Calls, ImmutableArray<TracedTensor> Outputs, ImmutableArray<string> Reads);
