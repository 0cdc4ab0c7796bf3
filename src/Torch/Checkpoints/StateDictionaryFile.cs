using System.Collections.Immutable;

namespace Octet.Torch.Checkpoints;

/// <summary>Named tensors out of an archive: a state dictionary, alone or in the dictionary of a training run, or the weights of a TorchScript module.</summary>
internal static class StateDictionaryFile
{
    // What training programs call the model's part of what they save.
    private static readonly string[] Nested = ["state_dict", "model_state_dict", "model"];

    /// <summary>Reads all tensors.</summary>
    /// <exception cref="CheckpointFault">The archive is damaged, holds no named tensors, or its pickle would run code.</exception>
    public static ImmutableArray<CheckpointTensor> Read(CheckpointFile file)
    {
        PickleArchive archive = PickleArchive.Open(file);
        StorageFolder storages = archive.Storages("data");
        object? root = PickleReader.Read(archive.Read("data.pkl"), archive.HasCode ? new ScriptVocabulary(storages) : new TensorVocabulary(storages));
        var tensors = new NamedTensors();
        if (root is ScriptObjectState module)
            AddModule(module, tensors);
        else
            AddDictionary(FindDictionary(root), tensors);
        ImmutableArray<CheckpointTensor> named = tensors.ToImmutable();
        return !named.IsEmpty ? named : throw CheckpointFault.Empty("its dictionaries hold none");
    }

    private static PickleDictionary FindDictionary(object? root)
    {
        if (root is not PickleDictionary dictionary)
            throw CheckpointFault.Empty(root is StoredTensor ? "it is one tensor without a name" : "what it holds is no dictionary");
        if (dictionary.Items.Any(item => item.Value is StoredTensor))
            return dictionary;
        return Nested.Select(dictionary.Find).OfType<PickleDictionary>().FirstOrDefault(nested => nested.Items.Any(item => item.Value is StoredTensor))
            ?? throw CheckpointFault.Empty($"neither the dictionary that it is nor one below '{string.Join("', '", Nested)}' holds any");
    }

    private static void AddDictionary(PickleDictionary dictionary, NamedTensors tensors)
    {
        foreach ((object? key, object? value) in dictionary.Items)
        {
            if (value is not StoredTensor tensor)
                continue;
            tensors.Add(tensor.Named(key as string ?? throw CheckpointFault.Damaged("a tensor's name is no text")));
        }
    }

    private static void AddModule(ScriptObjectState root, NamedTensors tensors)
    {
        foreach ((string name, StoredTensor tensor) in root.NamedTensors())
            tensors.Add(tensor.Named(name));
    }
}
