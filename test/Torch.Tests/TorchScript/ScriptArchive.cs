using System.Runtime.CompilerServices;
using System.Text;
using Octet.Torch.Tests.Checkpoints;
using TorchSharp;

namespace Octet.Torch.Tests.TorchScript;

/// <summary>An object of a script: its class and its attributes, which are tensors, objects, numbers or True and False.</summary>
internal sealed record ScriptObjectSource(string Class, params (string Name, object Value)[] Attributes);

/// <summary>Writes archives as <c>torch.jit.save</c> does: code, a pickle of the module, one of constants, and storages.</summary>
internal static class ScriptArchive
{
    /// <summary>An archive of one class <c>Net</c> without attributes, whose forward returns an expression.</summary>
    public static byte[] OfExpression(string expression, string parameters = "x: Tensor", string result = "Tensor", int version = 10) =>
        Write(new ScriptObjectSource("__torch__.Net"), [("__torch__.py", $"class Net(Module):\n  __parameters__ = []\n  __buffers__ = []\n  def forward(self: __torch__.Net,\n    {parameters}) -> {result}:\n    return {expression}\n")], version);

    public static byte[] Write(ScriptObjectSource root, string code, params torch.Tensor[] constants) => Write(root, [("__torch__.py", code)], 10, constants);

    public static byte[] Write(ScriptObjectSource root, (string Name, string Code)[] files, int version = 10, params torch.Tensor[] constants)
    {
        List<(string, byte[])> entries = [.. files.Select(file => ($"net/code/{file.Name}", Encoding.UTF8.GetBytes(file.Code)))];
        var pickle = new PickleWriter();
        WriteValue(pickle, root, "data", entries);
        var constantsPickle = new PickleWriter().Mark();
        foreach (torch.Tensor constant in constants)
            WriteValue(constantsPickle, constant, "constants", entries);
        entries.Add(("net/data.pkl", pickle.ToArray()));
        entries.Add(("net/constants.pkl", constantsPickle.Tuple().ToArray()));
        entries.Add(("net/version", Encoding.ASCII.GetBytes($"{version}\n")));
        return CheckpointWriter.Zip(entries);
    }

    private static void WriteValue(PickleWriter pickle, object value, string folder, List<(string Name, byte[] Content)> entries)
    {
        switch (value)
        {
            case torch.Tensor tensor:
                string key = $"{entries.Count(entry => entry.Name.StartsWith($"net/{folder}/", StringComparison.Ordinal))}";
                entries.Add(($"net/{folder}/{key}", tensor.contiguous().bytes.ToArray()));
                string storage = tensor.dtype switch
                {
                    torch.ScalarType.Int64 => "LongStorage",
                    torch.ScalarType.Bool => "BoolStorage",
                    _ => "FloatStorage",
                };
                pickle.Tensor(storage, key, tensor.numel(), 0, tensor.shape, CheckpointWriter.RowMajor(tensor.shape));
                break;
            case ScriptObjectSource module:
                int dot = module.Class.LastIndexOf('.');
                pickle.Global(module.Class[..dot], module.Class[(dot + 1)..]).EmptyTuple().NewObject().EmptyDictionary().Mark();
                foreach ((string name, object attribute) in module.Attributes)
                    WriteValue(pickle.Text(name), attribute, folder, entries);
                pickle.SetItems().Build();
                break;
            case bool flag:
                pickle.Boolean(flag);
                break;
            case int number:
                pickle.Integer(number);
                break;
            default:
                throw new NotSupportedException(value.GetType().Name);
        }
    }
}

/// <summary>Compares what the interpreter makes of an archive with what libtorch does.</summary>
internal static class ScriptReference
{
    /// <summary>Both of an archive as it is, and of what libtorch writes after it has read it.</summary>
    public static void AssertSame(byte[] archive, params torch.Tensor[] inputs)
    {
        using var file = new TemporaryFile(archive);
        using torch.jit.ScriptModule reference = torch.jit.load(file.Path);
        reference.eval();
        List<torch.Tensor> expected = [];
        // Inputs may be written to.
        Flatten(reference.forward([.. inputs.Select(input => (object)input.clone())]), expected);
        Compare(expected, file.Path, inputs);

        using var saved = new TemporaryFile([]);
        torch.jit.save(reference, saved.Path);
        Compare(expected, saved.Path, inputs);
    }

    private static void Compare(List<torch.Tensor> expected, string path, torch.Tensor[] inputs)
    {
        IReadOnlyList<torch.Tensor> outputs;
        using (torch.no_grad())
            outputs = Octet.Torch.TorchScript.TorchScriptModel.Load(path).Forward([.. inputs.Select(input => input.clone())]);
        Assert.Equal(expected.Count, outputs.Count);
        foreach ((torch.Tensor wanted, torch.Tensor output) in expected.Zip(outputs))
        {
            Assert.Equal(wanted.shape, output.shape);
            Assert.Equal(wanted.dtype, output.dtype);
            if (wanted.numel() == 0)
                continue;
            double largest = wanted.to(torch.ScalarType.Float64).abs().max().item<double>();
            double error = (wanted.to(torch.ScalarType.Float64) - output.to(torch.ScalarType.Float64)).abs().max().item<double>();
            Assert.True(error <= 1e-6 * Math.Max(largest, 1e-3), $"off by {error} of {largest}");
        }
    }

    private static void Flatten(object? value, List<torch.Tensor> into)
    {
        switch (value)
        {
            case torch.Tensor tensor:
                into.Add(tensor);
                break;
            case ITuple tuple:
                for (int i = 0; i < tuple.Length; i++)
                    Flatten(tuple[i], into);
                break;
            case System.Collections.IEnumerable list:
                foreach (object? item in list)
                    Flatten(item, into);
                break;
            default:
                throw new NotSupportedException($"{value}");
        }
    }
}
