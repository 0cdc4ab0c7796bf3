using Octet.Quantization.Diagnostics;
using Octet.Torch.Checkpoints;
using TorchSharp;

namespace Octet.Torch.Export;

/// <summary>Gives a module the weights of a checkpoint, all of them or none.</summary>
internal static class StateLoading
{
    /// <summary>Copies each tensor into the parameter or buffer of its name.</summary>
    /// <exception cref="DiagnosticException">OCT2106: a tensor is missing, surplus or of another shape; all such are named.</exception>
    public static void Load(torch.nn.Module module, IReadOnlyList<CheckpointTensor> tensors, string path)
    {
        Dictionary<string, torch.Tensor> state = module.state_dict();
        Dictionary<string, CheckpointTensor> given = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        string[] missing = [.. state.Where(entry => !given.ContainsKey(entry.Key)).Select(entry => $"'{entry.Key}' [{string.Join(",", entry.Value.shape)}]")];
        string[] surplus = [.. tensors.Where(tensor => !state.ContainsKey(tensor.Name)).Select(tensor => $"'{tensor.Name}' [{string.Join(",", tensor.Dimensions)}]")];
        string[] misshapen = [.. tensors.Where(tensor => state.TryGetValue(tensor.Name, out torch.Tensor? target) && !target.shape.SequenceEqual(tensor.Dimensions))
            .Select(tensor => $"'{tensor.Name}' [{string.Join(",", tensor.Dimensions)}] where the module has [{string.Join(",", state[tensor.Name].shape)}]")];
        string[] problems = [.. new[] { ("it lacks", missing), ("it has besides", surplus), ("of another shape are", misshapen) }.Where(kind => kind.Item2.Length > 0).Select(kind => $"{kind.Item1} {string.Join(", ", kind.Item2)}")];
        if (problems.Length > 0)
            throw DiagnosticCatalog.Exception("OCT2106", path, module.GetType().FullName, string.Join("; ", problems));

        using (torch.no_grad())
        {
            foreach (CheckpointTensor tensor in tensors)
            {
                // Both number the element types as libtorch does.
                using torch.Tensor source = torch.empty(tensor.Dimensions.AsSpan(), (torch.ScalarType)tensor.ElementType);
                tensor.Data.Span.CopyTo(source.bytes);
                state[tensor.Name].copy_(source);
            }
        }
    }
}
