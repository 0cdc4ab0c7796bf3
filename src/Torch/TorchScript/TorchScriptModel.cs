using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Octet.Quantization.Diagnostics;
using Octet.Torch.Checkpoints;
using Octet.Torch.TorchScript.Operators;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.TorchScript;

/// <summary>
/// The module of a TorchScript archive (<c>torch.jit.trace</c> or <c>torch.jit.script</c>, then <c>torch.jit.save</c>), in evaluation mode. It runs on
/// TorchSharp's operators, one call for each of the archive's, so that it can be traced like a module that is written in C#.
/// </summary>
public sealed class TorchScriptModel : INamedTraceable
{
    private const string CodeFolder = "code/";
    private const string Method = "forward";

    private readonly string _path;
    private readonly ScriptObject _root;
    private readonly ScriptInterpreter _interpreter;
    private readonly ImmutableArray<int> _order;

    private TorchScriptModel(string path, int version, ScriptLibrary library, ScriptObject root, IReadOnlyList<object?> constants, IReadOnlyList<(string Name, torch.Tensor Tensor)> state, IReadOnlyList<string> inputs)
    {
        _path = path;
        _root = root;
        _interpreter = new ScriptInterpreter(library, constants, new OperatorTable(version));
        State = state;
        FunctionDefinition forward = library.FindClass(root.Type)?.Definition.Methods.GetValueOrDefault(Method)
            ?? throw ScriptFault.Running(new ScriptPlace(CodeFolder, 1), $"class {root.Type} has no method '{Method}'");
        InputNames = [.. forward.Parameters.Skip(1).Select(parameter => parameter.Name)];
        // By name where all names are the method's own, else in order.
        _order = inputs.Count > 0 && inputs.All(InputNames.Contains) && inputs.Distinct().Count() == inputs.Count
            ? [.. inputs.Select(input => InputNames.IndexOf(input))]
            : [.. Enumerable.Range(0, inputs.Count)];
    }

    /// <summary>The parameters of the archive's forward.</summary>
    public ImmutableArray<string> InputNames { get; }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, torch.Tensor Tensor)> State { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<object, string> Paths { get; } = ImmutableDictionary<object, string>.Empty;

    /// <inheritdoc/>
    public ImmutableArray<string> OutputNames { get; private set; } = [];

    /// <summary>Reads an archive.</summary>
    /// <param name="path">The file.</param>
    /// <param name="inputs">The names of the inputs that <see cref="Forward"/> will be given: those of forward's parameters, or any others, which stand for them in order.</param>
    /// <exception cref="DiagnosticException">OCT2121 to OCT2127: the archive cannot be read. OCT2131, OCT2133: its code cannot.</exception>
    public static TorchScriptModel Load(string path, params IReadOnlyList<string> inputs) => Diagnosed(path, () => CheckpointReader.Using(path, file =>
    {
        PickleArchive archive = PickleArchive.Open(file);
        if (!archive.HasCode)
            throw CheckpointFault.Unsupported("it is a state dictionary without code, not a TorchScript archive");
        int version = archive.Has("version") && int.TryParse(Encoding.ASCII.GetString(archive.Read("version")), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out int written) ? written : 0;
        var objects = new ScriptObjects();
        object? root = PickleReader.Read(archive.Read("data.pkl"), new ScriptVocabulary(archive.Storages("data")));
        if (root is not ScriptObjectState module)
            throw CheckpointFault.Damaged("what its data.pkl holds is no module");
        var constants = ImmutableArray<object?>.Empty;
        if (archive.Has("constants.pkl") && PickleReader.Read(archive.Read("constants.pkl"), new ScriptVocabulary(archive.Storages("constants"))) is PickleTuple tuple)
            constants = [.. tuple.Items.Select(objects.ToValue)];

        var library = new ScriptLibrary();
        foreach (string entry in archive.EntriesBelow(CodeFolder).Where(entry => entry.EndsWith(".py", StringComparison.Ordinal)))
            library.Add(entry[CodeFolder.Length..^".py".Length].Replace('/', '.'), ScriptParser.Parse(entry, Encoding.UTF8.GetString(archive.Read(entry))));
        var target = (ScriptObject)objects.ToValue(module)!;
        List<(string, torch.Tensor)> state = [.. module.NamedTensors().Select(named => (named.Name, objects.ToTensor(named.Tensor)))];
        state.AddRange(constants.Select((value, i) => ($"CONSTANTS.c{i}", value)).Where(pair => pair.value is torch.Tensor).Select(pair => (pair.Item1, (torch.Tensor)pair.value!)));
        return new TorchScriptModel(path, version, library, target, constants, state, inputs);
    }));

    /// <inheritdoc/>
    /// <exception cref="DiagnosticException">OCT2132: an operator is unknown. OCT2133: the script cannot be run.</exception>
    public IReadOnlyList<torch.Tensor> Forward(IReadOnlyList<torch.Tensor> inputs) => Diagnosed(_path, () =>
    {
        var arguments = new object?[inputs.Count];
        for (int i = 0; i < inputs.Count; i++)
            arguments[i < _order.Length ? _order[i] : i] = inputs[i];
        List<(string Name, torch.Tensor Tensor)> outputs = [];
        Flatten(_interpreter.Run(_root, Method, arguments), "output", outputs);
        OutputNames = [.. outputs.Select(output => output.Name)];
        return (IReadOnlyList<torch.Tensor>)[.. outputs.Select(output => output.Tensor)];
    });

    private static void Flatten(object? value, string name, List<(string, torch.Tensor)> outputs)
    {
        switch (value)
        {
            case null:
                break;
            case torch.Tensor tensor:
                outputs.Add((name, tensor));
                break;
            case ScriptTuple tuple:
                for (int i = 0; i < tuple.Items.Length; i++)
                    Flatten(tuple.Items[i], $"{name}_{i}", outputs);
                break;
            case List<object?> list:
                for (int i = 0; i < list.Count; i++)
                    Flatten(list[i], $"{name}_{i}", outputs);
                break;
            case ScriptDictionary dictionary:
                foreach ((object key, object? item) in dictionary.Items)
                    Flatten(item, $"{key}", outputs);
                break;
            default:
                throw ScriptFault.Running(new ScriptPlace(CodeFolder, 1), $"forward returns {ScriptInterpreter.Describe(value)}, which is no tensor");
        }
    }

    private static T Diagnosed<T>(string path, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (ScriptFault fault)
        {
            throw new DiagnosticException(DiagnosticCatalog.Create(fault.Code, path, fault.Message, fault.Place), fault);
        }
    }
}

/// <summary>Makes what a script calculates with out of what an archive's pickles hold; what is shared there is shared here.</summary>
internal sealed class ScriptObjects
{
    private const int Deepest = 100;

    private readonly Dictionary<object, object> _made = new(ReferenceEqualityComparer.Instance);
    private int _depth;

    /// <summary>The value of the script.</summary>
    /// <exception cref="CheckpointFault">It holds itself, or what a script does not know.</exception>
    public object? ToValue(object? value)
    {
        switch (value)
        {
            case null or bool or long or double or string:
                return value;
            case StoredTensor tensor:
                return ToTensor(tensor);
        }

        if (_made.TryGetValue(value, out object? made))
            return made;
        if (++_depth > Deepest)
            throw CheckpointFault.Damaged("its objects are nested without an end");
        object result = value switch
        {
            PickleTuple tuple => new ScriptTuple([.. tuple.Items.Select(ToValue)]),
            PickleList list => list.Items.Select(ToValue).ToList(),
            PickleDictionary dictionary => ToDictionary(dictionary),
            ScriptObjectState module => ToObject(module),
            _ => throw CheckpointFault.Unsupported("its objects hold something that is no tensor, number, text or collection"),
        };
        _depth--;
        _made[value] = result;
        return result;
    }

    /// <summary>The tensor.</summary>
    public torch.Tensor ToTensor(StoredTensor stored)
    {
        if (_made.TryGetValue(stored, out object? made))
            return (torch.Tensor)made;
        torch.Tensor tensor = torch.empty(stored.Dimensions.AsSpan(), (torch.ScalarType)stored.ElementType);
        stored.Data.Span.CopyTo(tensor.bytes);
        _made[stored] = tensor;
        return tensor;
    }

    private ScriptObject ToObject(ScriptObjectState module)
    {
        var attributes = new Dictionary<string, object?>(StringComparer.Ordinal);
        // Saved in whatever mode, run in that of evaluation.
        foreach ((string name, object? value) in module.Attributes)
            attributes[name] = name == "training" && value is bool ? false : ToValue(value);
        return new ScriptObject(module.Type, attributes);
    }

    private ScriptDictionary ToDictionary(PickleDictionary dictionary)
    {
        var result = new ScriptDictionary();
        foreach ((object? key, object? value) in dictionary.Items)
            result.Set(key is string or long or double or bool ? key : throw CheckpointFault.Unsupported("a dictionary has keys that are neither texts nor numbers"), ToValue(value));
        return result;
    }
}
