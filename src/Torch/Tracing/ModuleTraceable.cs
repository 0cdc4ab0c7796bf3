using System.Collections;
using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Octet.Quantization.Diagnostics;
using Octet.Torch.Interception;
using TorchSharp;

namespace Octet.Torch.Tracing;

/// <summary>A module of TorchSharp, whatever its forward takes and returns.</summary>
internal sealed class ModuleTraceable : INamedTraceable
{
    private readonly torch.nn.Module _module;
    private readonly MethodInfo _forward;
    private readonly ImmutableArray<int> _positions;

    /// <summary>Finds the forward that takes so many tensors.</summary>
    /// <param name="module">The module.</param>
    /// <param name="inputs">The inputs' names: those of forward's parameters where all of them are, else they are taken in order.</param>
    /// <exception cref="DiagnosticException">OCT2117: there is none.</exception>
    public ModuleTraceable(torch.nn.Module module, IReadOnlyList<string> inputs)
    {
        _module = module;
        MethodInfo[] candidates = [.. module.GetType().GetMethods(BindingFlags.Public | BindingFlags.Instance).Where(method => method is { Name: "forward", IsGenericMethod: false })];
        (_forward, _positions) = candidates.Select(method => (method, Positions: Match(method, inputs))).FirstOrDefault(candidate => !candidate.Positions.IsDefault) is { method: not null } found
            ? (found.method, found.Positions)
            : throw DiagnosticCatalog.Exception("OCT2117", null, candidates.Length == 0 ? $"{module.GetType().FullName} has none"
                : $"that of {module.GetType().FullName} takes {string.Join(" or ", candidates.Select(method => $"({string.Join(", ", method.GetParameters().Select(parameter => $"{parameter.ParameterType.Name} {parameter.Name}"))})"))}, and {inputs.Count} tensors were given ({string.Join(", ", inputs)})");
        State = [.. module.named_parameters().Select(parameter => (parameter.name, (torch.Tensor)parameter.parameter)), .. module.named_buffers().Select(buffer => (buffer.name, buffer.buffer))];
        Paths = module.named_modules().Append(("", module)).GroupBy(pair => pair.Item2, ReferenceEqualityComparer.Instance).ToDictionary(group => group.Key!, group => group.First().Item1, ReferenceEqualityComparer.Instance);
    }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, torch.Tensor Tensor)> State { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<object, string> Paths { get; }

    /// <inheritdoc/>
    public ImmutableArray<string> OutputNames { get; private set; } = [];

    /// <inheritdoc/>
    public IReadOnlyList<torch.Tensor> Forward(IReadOnlyList<torch.Tensor> inputs)
    {
        ParameterInfo[] parameters = _forward.GetParameters();
        object?[] arguments = [.. parameters.Select(parameter => parameter.HasDefaultValue ? parameter.DefaultValue : null)];
        foreach ((int position, torch.Tensor input) in _positions.Zip(inputs))
            arguments[position] = input;
        object? result;
        NativeCalls.EnterModule(_module);
        try
        {
            result = _forward.Invoke(_module, arguments);
        }
        catch (TargetInvocationException exception) when (exception.InnerException is { } inner)
        {
            ExceptionDispatchInfo.Throw(inner);
            throw;
        }
        finally
        {
            NativeCalls.LeaveModule(_module);
        }
        List<(string Name, torch.Tensor Tensor)> outputs = [];
        Flatten(result, "output", _forward.ReturnParameter.GetCustomAttribute<TupleElementNamesAttribute>()?.TransformNames ?? [], outputs);
        if (outputs.Count == 0)
            throw DiagnosticCatalog.Exception("OCT2117", null, "it returns no tensor");
        OutputNames = [.. outputs.Select(output => output.Name)];
        return [.. outputs.Select(output => output.Tensor)];
    }

    private static ImmutableArray<int> Match(MethodInfo method, IReadOnlyList<string> inputs)
    {
        ParameterInfo[] parameters = method.GetParameters();
        int[] tensors = [.. parameters.Where(parameter => parameter.ParameterType == typeof(torch.Tensor)).Select(parameter => parameter.Position)];
        int[] positions = inputs.All(input => tensors.Any(position => parameters[position].Name == input))
            ? [.. inputs.Select(input => tensors.Single(position => parameters[position].Name == input))]
            : [.. tensors.Take(inputs.Count)];
        // What is not given must be optional.
        return positions.Length == inputs.Count && positions.Distinct().Count() == positions.Length && parameters.All(parameter => parameter.HasDefaultValue || positions.Contains(parameter.Position)) ? [.. positions] : default;
    }

    private void Flatten(object? value, string name, IList<string?> names, List<(string, torch.Tensor)> outputs)
    {
        switch (value)
        {
            case null:
                break;
            case torch.Tensor tensor:
                outputs.Add((name, tensor));
                break;
            case ITuple tuple:
                for (int i = 0; i < tuple.Length; i++)
                    Flatten(tuple[i], i < names.Count && names[i] is { } given ? given : $"{name}_{i}", [], outputs);
                break;
            case IDictionary dictionary:
                foreach (DictionaryEntry entry in dictionary)
                    Flatten(entry.Value, $"{entry.Key}", [], outputs);
                break;
            case IEnumerable<torch.Tensor> list:
                foreach ((torch.Tensor tensor, int i) in list.Select((tensor, i) => (tensor, i)))
                    outputs.Add(($"{name}_{i}", tensor));
                break;
            default:
                throw DiagnosticCatalog.Exception("OCT2117", null, $"it returns a {value.GetType().Name}, not tensors, tuples, lists or dictionaries of them");
        }
    }
}
