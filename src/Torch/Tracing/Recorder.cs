using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Octet.Quantization.Diagnostics;
using Octet.Torch.Conversion;
using Octet.Torch.Interception;
using TorchSharp;

namespace Octet.Torch.Tracing;

/// <summary>
/// Records the native calls of a calculation. It watches from the process's start, so that every tensor's handle is known: a handle is an address, which the next tensor may get as soon
/// as one is let go of, also by the finalizer's thread in the middle of a trace.
/// </summary>
internal sealed class Recorder : INativeCallObserver
{
    private static readonly HashSet<string> ArraysOfNumbers = new(StringComparer.Ordinal) { "THSTensor_sizes", "THSTensor_strides", "THSTensor_names" };

    private readonly object _gate = new();
    private readonly Dictionary<nint, LiveTensor> _live = [];
    private readonly Dictionary<nint, TorchScalar> _scalars = [];
    private readonly Dictionary<nint, (string Constructor, ImmutableArray<TracedArgument> Arguments)> _modules = [];
    private readonly Stack<object> _stack = [];
    private readonly List<TracedCall> _calls = [];
    private readonly List<string> _reads = [];
    private IReadOnlyDictionary<object, string> _paths = new Dictionary<object, string>();
    private ITraceable? _traceable;
    private StateTensors? _state;
    private NativeTensors? _native;
    private ScalarReader? _scalarReader;
    private DiagnosticException? _failure;
    private bool _tracing;
    private int _lastId;

    /// <summary>Binds to the native library, once it is loaded. Nothing can be traced before.</summary>
    public void Bind(nint library)
    {
        _native = new NativeTensors(library);
        _scalarReader = new ScalarReader(library);
    }

    /// <summary>Traces a calculation.</summary>
    /// <param name="traceable">What is traced.</param>
    /// <param name="paths">The paths of modules, by reference.</param>
    /// <param name="inputs">The inputs with their names.</param>
    /// <exception cref="DiagnosticException">OCT2108, OCT2110, OCT2111: something in it cannot be exported. Whatever the calculation itself throws comes through.</exception>
    public Trace Record(ITraceable traceable, IReadOnlyDictionary<object, string> paths, IReadOnlyList<(string Name, torch.Tensor Tensor)> inputs)
    {
        lock (_gate)
        {
            _calls.Clear();
            _reads.Clear();
            _stack.Clear();
            _failure = null;
            _lastId = 0;
            _paths = paths;
            foreach (LiveTensor live in _live.Values)
                live.Forget();
            if (!ReferenceEquals(_traceable, traceable))
                _state = new StateTensors(_native!, traceable.State.Select(state => (state.Name, state.Tensor.Handle)));
            _traceable = traceable;
            _state!.Forget();
        }
        ImmutableArray<TracedTensor> traced = [.. inputs.Select(input => Describe(input.Tensor.Handle, TensorOrigin.Input, input.Name))];
        lock (_gate)
        {
            foreach (((_, torch.Tensor tensor), TracedTensor value) in inputs.Zip(traced))
                _live[tensor.Handle] = new LiveTensor { Value = value, Traced = true };
            _tracing = true;
        }
        IReadOnlyList<torch.Tensor> outputs;
        try
        {
            outputs = traceable.Forward([.. inputs.Select(input => input.Tensor)]);
        }
        catch (Exception) when (_failure is not null)
        {
            // What a module made of our exception on its way is of no interest.
            throw _failure;
        }
        finally
        {
            _tracing = false;
        }
        if (_failure is not null)
            throw _failure;
        lock (_gate)
            return new Trace(traced, [.. _calls], [.. outputs.Select(output => Resolve(output.Handle, "the output", ""))], [.. _reads.Distinct()]);
    }

    /// <inheritdoc/>
    public object? Enter(NativeSignature signature, object?[] arguments)
    {
        lock (_gate)
        {
            // Before the native call frees the address: after it another thread may have got the same one.
            if (signature.DisposesTensor)
            {
                _live.Remove((nint)arguments[0]!);
                return null;
            }
            if (signature.DisposesScalar)
            {
                _scalars.Remove((nint)arguments[0]!);
                return null;
            }
            CallInProgress call = new();
            bool traced = _tracing && (signature.Quantizes || IsTraced(signature, arguments));
            call.Random = RandomSource(signature, arguments);
            if (signature.MakesModule)
                call.Arguments = Arguments(signature, arguments, handle => null);
            else if (traced)
                Begin(call, signature, arguments);
            else if (_tracing && signature.RunsCompiledModule)
                throw Fail("OCT2108", signature.Name, Place().Text);
            return call;
        }
    }

    /// <inheritdoc/>
    public Delegate Wrap(object? token, Delegate allocator)
    {
        CapturedArray array = new(allocator);
        ((CallInProgress)token!).Arrays.Add(array);
        return array.Stand;
    }

    /// <inheritdoc/>
    public void Leave(object? token, NativeSignature signature, object?[] arguments, object? result)
    {
        if (token is not CallInProgress call)
            return;
        lock (_gate)
        {
            if (signature.MakesScalar)
                _scalars[(nint)result!] = Scalar(signature.Name, arguments);
            else if (signature.Name == "THSTensor_item" && result is nint item && item != 0 && _scalarReader is not null)
                _scalars[item] = _scalarReader.Read(item);
            else if (signature.MakesModule && result is nint module)
                _modules[module] = (signature.Name, call.Arguments);
            else
                Finish(call, signature, arguments, result);
        }
        GC.KeepAlive(call);
    }

    /// <inheritdoc/>
    public void EnterModule(object module)
    {
        lock (_gate)
            if (_tracing)
                _stack.Push(module);
    }

    /// <inheritdoc/>
    public void LeaveModule(object module)
    {
        lock (_gate)
        {
            // An exception that a module has caught leaves the modules above it without an end.
            if (_tracing && _stack.Contains(module))
                while (!ReferenceEquals(_stack.Pop(), module))
                {
                }
        }
    }

    private void Begin(CallInProgress call, NativeSignature signature, object?[] arguments)
    {
        (string path, string type, string text) = Place();
        if (signature.ReadsValue)
        {
            _reads.Add($"{signature.Name} in {text}");
            return;
        }
        // Whether a call makes a value is known after it; one that makes none (the rank, an extent) needs no arguments.
        if (signature.Parameters.All(parameter => parameter.Kind is not (ParameterKind.Allocator or ParameterKind.Out)) && !signature.ReturnsTensor && !signature.WritesFirst && !signature.RelabelsFirst && signature.InPlaceFlag < 0)
            return;
        if (ArraysOfNumbers.Contains(signature.Name))
            return;
        call.IsTraced = true;
        (call.Path, call.Type) = (path, type);
        call.Arguments = Arguments(signature, arguments, handle => Resolve(handle, signature.Name, text));
        if (signature.IsRandom)
            throw Fail("OCT2111", signature.Name, text, signature.Name);
    }

    private void Finish(CallInProgress call, NativeSignature signature, object?[] arguments, object? result)
    {
        List<nint> made = [];
        if (signature.ReturnsTensor && result is nint returned && returned != 0)
            made.Add(returned);
        if (!signature.MakesModule)
            made.AddRange(signature.Parameters.Select((parameter, i) => parameter.Kind == ParameterKind.Out && arguments[i] is nint handle ? handle : 0).Where(handle => handle != 0));
        made.AddRange(TensorArrays(call, signature));

        bool inPlace = signature.WritesFirst || (signature.InPlaceFlag >= 0 && arguments[signature.InPlaceFlag] is true);
        if (!call.IsTraced)
        {
            foreach (nint handle in made)
                _live[handle] = new LiveTensor { Random = call.Random, Traced = _tracing };
            if (inPlace && call.Random is not null && arguments[0] is nint written && _live.TryGetValue(written, out LiveTensor? target))
                target.Random = call.Random;
            return;
        }

        List<TracedTensor> results = [];
        if (inPlace || signature.RelabelsFirst)
        {
            nint target = (nint)arguments[0]!;
            TracedTensor value = Describe(target, TensorOrigin.Call, "");
            if (inPlace)
                Written(target, value, $"{signature.Name} in {call.Place}");
            else
                _live[target] = new LiveTensor { Value = value, Traced = true };
            results.Add(value);
            // What is returned besides is the target under another handle.
            foreach (nint handle in made)
                _live[handle] = new LiveTensor { Value = value, Traced = true };
        }
        else
        {
            foreach (nint handle in made)
            {
                TracedTensor value = Describe(handle, TensorOrigin.Call, "");
                _live[handle] = new LiveTensor { Value = value, Traced = true };
                results.Add(value);
            }
        }
        if (results.Count > 0)
            _calls.Add(new TracedCall(signature.Name, call.Arguments, [.. results], call.Path, call.Type));
    }

    private static IEnumerable<nint> TensorArrays(CallInProgress call, NativeSignature signature) =>
        call.Arrays.Count == 0 || ArraysOfNumbers.Contains(signature.Name) || signature.Name.StartsWith("THSJIT_", StringComparison.Ordinal) ? []
        // What follows the tensors in other groups of calls are their names.
        : (signature.Name.StartsWith("THSTensor_", StringComparison.Ordinal) ? call.Arrays : call.Arrays.Take(1)).SelectMany(array => array.Values).Where(handle => handle != 0);

    // All that is the same memory has the new value; what only shares some of it can no longer be told.
    private void Written(nint target, TracedTensor value, string writer)
    {
        TensorMemory memory = _native!.Memory(target);
        foreach ((nint handle, LiveTensor live) in _live)
        {
            if (handle == target || !(live.Traced || live.Value is not null))
                continue;
            TensorMemory other = _native.Memory(handle);
            if (other.IsSame(memory))
                live.Value = value;
            else if (other.Overlaps(memory, Math.Max(memory.ElementType.Size(), other.ElementType.Size())))
                live.Stale = writer;
        }
        _state!.Written(memory, value, writer);
        _live[target] = new LiveTensor { Value = value, Traced = true };
    }

    // Whether a tensor that the call gets was calculated from an input.
    private bool IsTraced(NativeSignature signature, object?[] arguments) => Handles(signature, arguments).Any(handle => _live.TryGetValue(handle, out LiveTensor? live) && (live.Value is not null || live.Stale is not null));

    private string? RandomSource(NativeSignature signature, object?[] arguments) => !_tracing ? null
        : signature.IsRandom ? $"{signature.Name} in {Place().Text}"
        : Handles(signature, arguments).Select(handle => _live.GetValueOrDefault(handle)?.Random).FirstOrDefault(random => random is not null);

    private static IEnumerable<nint> Handles(NativeSignature signature, object?[] arguments)
    {
        for (int i = 0; i < arguments.Length; i++)
        {
            if (signature.Parameters[i].Kind == ParameterKind.Handle && arguments[i] is nint handle && handle != 0)
                yield return handle;
            else if (signature.Parameters[i].Kind == ParameterKind.Array)
                foreach (nint element in Elements(signature.Parameters[i], i, arguments))
                    yield return element;
            else if (arguments[i] is nint[] handles)
                foreach (nint element in handles)
                    yield return element;
        }
    }

    // Pinned by the caller, for the call only.
    private static nint[] Elements(NativeParameter parameter, int index, object?[] arguments)
    {
        long length = Convert.ToInt64(arguments[parameter.Length], System.Globalization.CultureInfo.InvariantCulture);
        nint[] elements = new nint[arguments[index] is nint pointer && pointer != 0 ? length : 0];
        if (elements.Length > 0)
            Marshal.Copy((nint)arguments[index]!, elements, 0, elements.Length);
        return elements;
    }

    private ImmutableArray<TracedArgument> Arguments(NativeSignature signature, object?[] arguments, Func<nint, TracedTensor?> resolve)
    {
        ImmutableArray<TracedArgument>.Builder result = ImmutableArray.CreateBuilder<TracedArgument>();
        for (int i = 0; i < arguments.Length; i++)
        {
            NativeParameter parameter = signature.Parameters[i];
            TracedArgument? argument = (parameter.Kind, arguments[i]) switch
            {
                (ParameterKind.Handle, nint handle) => Handle(parameter.Name, handle, resolve),
                (ParameterKind.Array, _) => Array(parameter.Name, Elements(parameter, i, arguments), resolve),
                (ParameterKind.Module, SafeHandle module) when _modules.ContainsKey(module.DangerousGetHandle()) => new ModuleArgument(parameter.Name, Module(module.DangerousGetHandle(), resolve)),
                (ParameterKind.Plain, bool flag) => new IntegerArgument(parameter.Name, new Extent(flag ? 1 : 0)),
                (ParameterKind.Plain, float number) => new NumberArgument(parameter.Name, number),
                (ParameterKind.Plain, double number) => new NumberArgument(parameter.Name, number),
                (ParameterKind.Plain, string or null) => new TextArgument(parameter.Name, (string?)arguments[i]),
                (ParameterKind.Plain, { } integer) => new IntegerArgument(parameter.Name, new Extent(Convert.ToInt64(integer, System.Globalization.CultureInfo.InvariantCulture))),
                (ParameterKind.Other, nint[] handles) => new TensorsArgument(parameter.Name, [.. handles.Select(resolve)]),
                _ => null,
            };
            if (argument is not null)
                result.Add(argument);
        }
        return result.ToImmutable();
    }

    private TracedArgument Handle(string name, nint handle, Func<nint, TracedTensor?> resolve) =>
        _scalars.TryGetValue(handle, out TorchScalar scalar) ? new ScalarArgument(name, scalar) : new TensorArgument(name, _live.ContainsKey(handle) ? resolve(handle) : null);

    private TracedArgument Array(string name, nint[] elements, Func<nint, TracedTensor?> resolve)
    {
        if (elements.Length > 0 && elements.Any(element => element != 0) && elements.All(element => element == 0 || _live.ContainsKey(element)))
            return new TensorsArgument(name, [.. elements.Select(element => element == 0 ? null : resolve(element))]);
        return name.Contains("scale", StringComparison.OrdinalIgnoreCase) || name.Contains("ratio", StringComparison.OrdinalIgnoreCase) || name == "range"
            ? new NumbersArgument(name, [.. elements.Select(element => BitConverter.Int64BitsToDouble(element))])
            : new IntegersArgument(name, [.. elements.Select(element => new Extent(element))]);
    }

    private NativeModule Module(nint handle, Func<nint, TracedTensor?> resolve)
    {
        (string constructor, ImmutableArray<TracedArgument> arguments) = _modules[handle];
        ImmutableArray<(string, TracedTensor)>.Builder parameters = ImmutableArray.CreateBuilder<(string, TracedTensor)>();
        // Within the constructor's arguments a module's own parameters do not matter: the outer one has them all.
        foreach ((string name, nint tensor) in _tracing ? _native!.Parameters(handle) : [])
        {
            if (resolve(tensor) is { } value)
                parameters.Add((name, value));
            _native!.Dispose(tensor);
        }
        return new NativeModule(constructor, arguments, parameters.ToImmutable());
    }

    // What a handle stands for as an argument of a call that is recorded.
    private TracedTensor Resolve(nint handle, string call, string place)
    {
        LiveTensor? live = _live.GetValueOrDefault(handle);
        if (live?.Stale is { } writer)
            throw Fail("OCT2110", call, place, writer);
        if (live?.Value is { } value)
            return value;
        if (live?.Random is { } random)
            throw Fail("OCT2111", call, place, random);
        if (_state!.Find(handle) is { } state)
            return state.Stale is { } overwriter ? throw Fail("OCT2110", call, place, overwriter) : state.Value;
        TracedTensor constant = Describe(handle, TensorOrigin.Constant, "");
        return constant with { Data = _native!.Bytes(handle, constant.ElementType.Size()) };
    }

    private TracedTensor Describe(nint handle, TensorOrigin origin, string name) =>
        new(++_lastId, origin, name, _native!.ElementType(handle), [.. _native.Shape(handle).Select(extent => new Extent(extent))]);

    private DiagnosticException Fail(string code, params object?[] arguments) => _failure ??= DiagnosticCatalog.Exception(code, null, arguments);

    // The innermost module that has announced itself; where another module's forward was called directly, that one's type as the stack shows it.
    private (string Path, string Type, string Text) Place()
    {
        object? announced = _stack.FirstOrDefault(_paths.ContainsKey);
        string path = announced is null ? "" : _paths[announced];
        Type? type = _stack.Count > 0 && ReferenceEquals(_stack.Peek(), announced) ? announced!.GetType() : null;
        if (type is null || type.Assembly != typeof(torch).Assembly)
            type = new StackTrace(2, false).GetFrames().Select(frame => frame.GetMethod()?.DeclaringType)
                .FirstOrDefault(frame => frame is not null && frame.Assembly != typeof(torch).Assembly && typeof(torch.nn.Module).IsAssignableFrom(frame)) ?? type;
        if (type is not null && announced?.GetType() != type && _paths.Where(pair => pair.Key.GetType() == type).Take(2).ToArray() is [{ Value: { } only }])
            path = only;
        string typeName = type?.Name ?? "the traced calculation";
        return (path, typeName, path.Length == 0 ? typeName : $"{path} ({typeName})");
    }

    private static TorchScalar Scalar(string native, object?[] arguments) => native["THSTorch_".Length..^"_to_scalar".Length] switch
    {
        "bool" => new TorchScalar(torch.ScalarType.Bool, arguments[0] is true ? 1 : 0, arguments[0] is true ? 1 : 0),
        "float16" => Real(torch.ScalarType.Float16, arguments[0]),
        "bfloat16" => Real(torch.ScalarType.BFloat16, arguments[0]),
        "float32" => Real(torch.ScalarType.Float32, arguments[0]),
        "float64" => Real(torch.ScalarType.Float64, arguments[0]),
        "complex32" or "complex64" => Real(torch.ScalarType.ComplexFloat64, arguments[0]),
        _ => Whole(Convert.ToInt64(arguments[0], System.Globalization.CultureInfo.InvariantCulture)),
    };

    private static TorchScalar Real(torch.ScalarType type, object? value)
    {
        double number = Convert.ToDouble(value, System.Globalization.CultureInfo.InvariantCulture);
        return new TorchScalar(type, number, double.IsFinite(number) ? (long)number : 0);
    }

    private static TorchScalar Whole(long value) => new(torch.ScalarType.Int64, value, value);

    private sealed class LiveTensor
    {
        /// <summary>The traced value; null where it was calculated from no input.</summary>
        public TracedTensor? Value { get; set; }

        /// <summary>The in-place call that has written into memory that it shares.</summary>
        public string? Stale { get; set; }

        /// <summary>The random call that it was calculated by.</summary>
        public string? Random { get; set; }

        /// <summary>Whether it was made during the trace, so that it may share memory with what is written.</summary>
        public bool Traced { get; set; }

        public void Forget() => (Value, Stale, Random, Traced) = (null, null, null, false);
    }

    private sealed class CallInProgress
    {
        public bool IsTraced { get; set; }

        public string Path { get; set; } = "";

        public string Type { get; set; } = "";

        public string Place => Path.Length == 0 ? Type : $"{Path} ({Type})";

        public string? Random { get; set; }

        public ImmutableArray<TracedArgument> Arguments { get; set; } = [];

        public List<CapturedArray> Arrays { get; } = [];
    }

    // Stands in for the callback that allocates an array, and remembers the array.
    private sealed class CapturedArray
    {
        private readonly Func<nint, nint> _allocate;
        private nint _memory;
        private nint _length;

        public CapturedArray(Delegate allocator)
        {
            _allocate = allocator.Method.CreateDelegate<Func<nint, nint>>(allocator.Target);
            Stand = Delegate.CreateDelegate(allocator.GetType(), this, ((Func<nint, nint>)Allocate).Method);
        }

        public Delegate Stand { get; }

        public nint[] Values
        {
            get
            {
                nint[] values = new nint[_memory == 0 ? 0 : _length];
                if (values.Length > 0)
                    Marshal.Copy(_memory, values, 0, values.Length);
                return values;
            }
        }

        private nint Allocate(nint length)
        {
            _length = length;
            return _memory = _allocate(length);
        }
    }
}
