using System.Collections.Immutable;
using System.Globalization;
using Octet.Runtime;

namespace Octet.Quantization.Calibration.Data;

/// <summary>ONNX test data: the files <c>input_0.pb</c>, <c>input_1.pb</c>, ... of one folder are one sample.</summary>
internal sealed class OnnxTensorFile(ImmutableArray<string> paths, InputSignature signature) : DataFile(paths[0])
{
    public override bool IsBatchable => false;

    /// <summary>
    /// Puts files together that are one sample. A model of one input takes each file as a sample; otherwise those named
    /// <c>input_N.pb</c> belong together, folder by folder, and any other stands alone.
    /// </summary>
    public static IEnumerable<ImmutableArray<string>> Group(IEnumerable<string> paths, InputSignature signature) =>
        paths.GroupBy(path => IsPart(path, signature) ? System.IO.Path.GetDirectoryName(path)! : path, StringComparer.Ordinal)
            .Select(static group => group.OrderBy(IndexOf).ToImmutableArray());

    public override DataRow Read(long row)
    {
        ImmutableArray<ModelInput> inputs = signature.Inputs;
        var found = new NamedTensor?[inputs.Length];
        var held = new List<string>();
        foreach (string path in paths)
        {
            NamedTensor tensor = OnnxTensor.Read(path);
            held.Add(tensor.Name.Length > 0 ? tensor.Name : System.IO.Path.GetFileName(path));
            // A name says most; files that were written without names are counted.
            int named = inputs.ToList().FindIndex(input => input.Name == tensor.Name);
            int index = named >= 0 ? named : inputs.Length == 1 ? 0 : IndexOf(path) ?? -1;
            if (index >= 0 && index < inputs.Length && (named >= 0 || found[index] is null))
                found[index] = tensor;
        }

        return new DataRow([.. inputs.Select((input, i) =>
        {
            NamedTensor tensor = found[i] ?? throw InputSignature.Missing(Path, input, string.Join(", ", held));
            if (!input.Fits(tensor.Shape.AsSpan()))
                throw InputSignature.Misfit(Path, input, tensor.Shape);
            return new NamedTensor(input.Name, tensor.Shape, TensorConversion.Convert(tensor.Data, input.ElementType));
        })]);
    }

    private static bool IsPart(string path, InputSignature signature) => signature.Inputs.Length > 1 && IndexOf(path) is not null;

    /// <summary>N of <c>input_N.pb</c>; null for other names.</summary>
    private static int? IndexOf(string path)
    {
        const string Prefix = "input_";
        string name = System.IO.Path.GetFileNameWithoutExtension(path);
        return name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
            && int.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? index : null;
    }
}
