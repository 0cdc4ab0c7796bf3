using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Onnx.Protocol;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Conversion;

/// <summary>One native call while it is converted: its arguments by the names of its parameters, the graph to write into, and its results.</summary>
public sealed class ConversionContext
{
    private readonly GraphWriter _graph;
    private readonly string _native;

    internal ConversionContext(GraphWriter graph, TracedCall call)
    {
        _graph = graph;
        Call = call;
        _native = call.Native;
    }

    /// <summary>The call.</summary>
    public TracedCall Call { get; }

    /// <summary>The call's name without the underscore of an in-place form.</summary>
    public string Native => _native.EndsWith('_') ? _native[..^1] : _native;

    /// <summary>The version of the standard operators that is written.</summary>
    public long Opset => _graph.Opset;

    /// <summary>A tensor argument.</summary>
    /// <exception cref="DiagnosticException">It was left out.</exception>
    public TracedTensor Tensor(string parameter) => OptionalTensor(parameter) ?? throw Unsupported($"without '{parameter}'");

    /// <summary>A tensor argument that may be left out.</summary>
    public TracedTensor? OptionalTensor(string parameter) => Argument<TensorArgument>(parameter).Value;

    /// <summary>A list of tensors.</summary>
    public ImmutableArray<TracedTensor> Tensors(string parameter) => [.. Argument<TensorsArgument>(parameter).Values.Select(tensor => tensor ?? throw Unsupported($"with a tensor left out of '{parameter}'"))];

    /// <summary>A list of which some may be left out.</summary>
    public ImmutableArray<TracedTensor?> OptionalTensors(string parameter) => Find(parameter) switch
    {
        TensorsArgument tensors => tensors.Values,
        IntegersArgument none => [.. none.Values.Select(_ => (TracedTensor?)null)],
        _ => [],
    };

    /// <summary>Whether the call has such an argument: not every form of an operation has all.</summary>
    public bool Has(string parameter) => Find(parameter) is not null;

    /// <summary>An integer that does not depend on the batch size.</summary>
    /// <exception cref="DiagnosticException">It does.</exception>
    public long Integer(string parameter) => Fixed(parameter, Argument<IntegerArgument>(parameter).Value);

    /// <summary>An integer that may depend on the batch size.</summary>
    public Extent Extent(string parameter) => Argument<IntegerArgument>(parameter).Value;

    /// <summary>A boolean.</summary>
    public bool Flag(string parameter) => Integer(parameter) != 0;

    /// <summary>Integers that do not depend on the batch size; none where the list is left out.</summary>
    /// <exception cref="DiagnosticException">They do.</exception>
    public ImmutableArray<long> Integers(string parameter) => [.. Extents(parameter).Select(extent => Fixed(parameter, extent))];

    /// <summary>Integers that may depend on the batch size, as the extents of a shape; none where the list is left out.</summary>
    public ImmutableArray<Extent> Extents(string parameter) => Find(parameter) is TensorsArgument ? throw Unsupported($"with tensors as '{parameter}'") : Argument<IntegersArgument>(parameter).Values;

    /// <summary>A floating-point number.</summary>
    public double Number(string parameter) => Argument<NumberArgument>(parameter).Value;

    /// <summary>Floating-point numbers; none where the list is left out.</summary>
    public ImmutableArray<double> Numbers(string parameter) => Find(parameter) is IntegersArgument { Values: [] } ? [] : Argument<NumbersArgument>(parameter).Values;

    /// <summary>A number with a type of its own.</summary>
    /// <exception cref="DiagnosticException">It was left out.</exception>
    public TorchScalar Scalar(string parameter) => OptionalScalar(parameter) ?? throw Unsupported($"without '{parameter}'");

    /// <summary>A number with a type of its own that may be left out.</summary>
    public TorchScalar? OptionalScalar(string parameter) => Find(parameter) is TensorArgument { Value: null } ? null : Argument<ScalarArgument>(parameter).Value;

    /// <summary>Text; null where it is left out.</summary>
    public string? Text(string parameter) => Argument<TextArgument>(parameter).Value;

    /// <summary>A module that libtorch itself implements.</summary>
    public NativeModule Module(string parameter) => Argument<ModuleArgument>(parameter).Value;

    /// <summary>A result of the call; of an in-place call the target's new value.</summary>
    public TracedTensor Result(int index = 0) => Call.Results[index];

    /// <summary>The name of a tensor's value in the graph. Parameters and constants become initializers.</summary>
    public string Value(TracedTensor tensor) => Supported(() => _graph.Value(tensor));

    /// <summary>The name of a tensor's value in the graph, cast to an element type where it has another.</summary>
    public string Value(TracedTensor tensor, torch.ScalarType type) => Supported(() => _graph.Cast(_graph.Value(tensor), tensor.ElementType, type));

    /// <summary>The name of a tensor argument's value in the graph.</summary>
    public string Value(string parameter) => Value(Tensor(parameter));

    /// <summary>A value of the graph with another element type.</summary>
    public string Cast(string value, torch.ScalarType from, torch.ScalarType to) => Supported(() => _graph.Cast(value, from, to));

    /// <summary>Writes a node of one output.</summary>
    /// <returns>The output's name.</returns>
    public string Add(string operation, IReadOnlyList<string> inputs, params ReadOnlySpan<AttributeProto> attributes) => _graph.Add(Scope, operation, inputs, 1, attributes)[0];

    /// <summary>Writes a node of several outputs.</summary>
    /// <returns>The outputs' names.</returns>
    public ImmutableArray<string> AddMany(string operation, int outputs, IReadOnlyList<string> inputs, params ReadOnlySpan<AttributeProto> attributes) => _graph.Add(Scope, operation, inputs, outputs, attributes);

    /// <summary>A one-dimensional int64 constant, as shapes and axes are.</summary>
    public string Integers(params ReadOnlySpan<long> values) => _graph.Integers(values);

    /// <summary>A constant of any shape.</summary>
    /// <param name="type">Its element type.</param>
    /// <param name="dims">Its extents; none for a scalar.</param>
    /// <param name="bytes">Its elements, row-major and little-endian.</param>
    public string Constant(torch.ScalarType type, ImmutableArray<long> dims, ReadOnlyMemory<byte> bytes) => Supported(() => _graph.Constant(type, dims, bytes));

    /// <summary>A scalar constant of an element type, whatever the number's own is.</summary>
    public string Constant(torch.ScalarType type, TorchScalar number) => Supported(() => _graph.Constant(type, [], ElementTypes.Bytes(type, number.Number, number.Integer)));

    /// <summary>A scalar constant.</summary>
    public string Constant(torch.ScalarType type, double number) => Supported(() => _graph.Constant(type, [], ElementTypes.Bytes(type, number, (long)number)));

    /// <summary>A float constant.</summary>
    public string Floats(ImmutableArray<long> dims, ReadOnlySpan<float> values) => _graph.Constant(torch.ScalarType.Float32, dims, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>A one-dimensional int64 value with these extents, calculated from the batch size where they depend on it.</summary>
    public string Shape(ImmutableArray<Extent> shape) => Supported(() => _graph.Shape(shape));

    /// <summary>Gives a value another shape with the same number of elements, whatever the batch size.</summary>
    /// <param name="value">The value's name.</param>
    /// <param name="from">Its extents.</param>
    /// <param name="to">Those that it gets.</param>
    public string Reshape(string value, ImmutableArray<Extent> from, ImmutableArray<Extent> to)
    {
        if (from.SequenceEqual(to))
            return value;
        // 0 takes the extent from the input, -1 what remains: no arithmetic is needed for the usual case. A real extent of 0 would be mistaken for the former.
        long[] target = [.. to.Select((extent, axis) => extent.IsFixed ? extent.First : axis < from.Length && from[axis] == extent ? 0 : -1)];
        return to.Any(extent => extent is { IsFixed: true, First: 0 })
            ? Add("Reshape", [value, Shape(to)], Quantization.Onnx.Nodes.Attribute("allowzero", 1L))
            : Add("Reshape", [value, target.Count(extent => extent == -1) > 1 ? Shape(to) : Integers(target)]);
    }

    /// <summary>Says what a result is in the graph.</summary>
    /// <param name="value">The name of its value, of the result's element type.</param>
    /// <param name="index">Which result.</param>
    public void Return(string value, int index = 0) => _graph.Set(Call.Results[index], value);

    /// <summary>An error that names the call, its module and the reason.</summary>
    /// <param name="form">What about the call cannot be converted, as "with training=true".</param>
    public DiagnosticException Unsupported(string form) => DiagnosticCatalog.Exception("OCT2109", null, Call.Native, Call.Place, form);

    private string Scope => Call.ModulePath;

    private T Supported<T>(Func<T> write)
    {
        try
        {
            return write();
        }
        catch (NotSupportedException exception)
        {
            throw Unsupported($"because {exception.Message}");
        }
    }

    private long Fixed(string parameter, Extent value) => value.IsFixed ? value.First : throw Unsupported($"with a '{parameter}' that depends on the batch size ({value})");

    private TracedArgument? Find(string parameter) => Call.Arguments.FirstOrDefault(argument => argument.Name == parameter);

    private T Argument<T>(string parameter)
        where T : TracedArgument => Find(parameter) as T ?? throw new InvalidOperationException(
            $"{Call.Native} has no {typeof(T).Name} '{parameter}', but: {string.Join(", ", Call.Arguments.Select(argument => $"{argument.GetType().Name} {argument.Name}"))}.");
}
