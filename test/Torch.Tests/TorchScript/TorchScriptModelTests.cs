using CsCheck;
using Octet.Quantization.Diagnostics;
using Octet.Torch.Checkpoints;
using Octet.Torch.Tests.Checkpoints;
using Octet.Torch.TorchScript;
using TorchSharp;

namespace Octet.Torch.Tests.TorchScript;

public class TorchScriptModelTests
{
    [Fact]
    public void A_traced_residual_network_calculates_what_libtorch_does() => ScriptReference.AssertSame(ScriptNetworks.TracedResidual(), torch.randn(2, 3, 8, 8));

    [Fact]
    public void Branches_loops_and_collections_are_resolved() => ScriptReference.AssertSame(ScriptNetworks.ScriptedControlFlow(), torch.randn(3, 6));

    [Fact]
    public void A_traced_transformer_calculates_what_libtorch_does() => ScriptReference.AssertSame(ScriptNetworks.TracedTransformer(), torch.randint(0, 11, [3, 5], torch.ScalarType.Int64));

    [Fact]
    public void A_scripted_network_of_images_calculates_what_libtorch_does() => ScriptReference.AssertSame(ScriptNetworks.ScriptedUNet(), torch.randn(2, 3, 6, 8));

    [Theory]
    [InlineData("lstm", false)]
    [InlineData("lstm", true)]
    [InlineData("gru", false)]
    [InlineData("gru", true)]
    [InlineData("rnn", false)]
    public void Recurrent_networks_calculate_what_libtorch_does(string kind, bool bidirectional) => ScriptReference.AssertSame(ScriptNetworks.TracedRecurrent(kind, bidirectional), torch.randn(2, 4, 3));

    [Fact]
    public void Weights_have_the_names_of_the_modules()
    {
        using var file = new TemporaryFile(ScriptNetworks.TracedResidual());
        TorchScriptModel model = TorchScriptModel.Load(file.Path);
        string[] names = ["0.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var", "bn1.num_batches_tracked", "conv2.weight", "fc.weight", "fc.bias"];
        Assert.Equal(names, model.State.Select(state => state.Name));
        Assert.Equal(["x"], model.InputNames.ToArray());

        Checkpoint checkpoint = CheckpointReader.Read(file.Path);
        Assert.Equal(CheckpointFormat.TorchScript, checkpoint.Format);
        Assert.Equal(names, checkpoint.Tensors.Select(tensor => tensor.Name));
    }

    [Fact]
    public void Outputs_and_inputs_are_named()
    {
        using var file = new TemporaryFile(ScriptArchive.OfExpression("{\"sum\": torch.add(first, second), \"difference\": torch.sub(first, second)}", "first: Tensor,\n    second: Tensor", "Dict[str, Tensor]"));
        TorchScriptModel model = TorchScriptModel.Load(file.Path, "second", "first");
        IReadOnlyList<torch.Tensor> outputs = model.Forward([torch.tensor(1f), torch.tensor(5f)]);
        Assert.Equal(["sum", "difference"], model.OutputNames.ToArray());
        Assert.Equal([6f, 4f], outputs.Select(output => output.item<float>()));
    }

    [Fact]
    public void What_a_run_writes_into_the_module_does_not_last()
    {
        const string Code = "class Net(Module):\n  __parameters__ = []\n  __buffers__ = []\n  count : int\n  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    self.count = torch.add(self.count, 1)\n    return torch.mul(x, self.count)\n";
        using var file = new TemporaryFile(ScriptArchive.Write(new ScriptObjectSource("__torch__.Net", ("count", 1)), Code));
        TorchScriptModel model = TorchScriptModel.Load(file.Path);
        for (int run = 0; run < 2; run++)
            Assert.Equal(2f, model.Forward([torch.tensor(1f)])[0].item<float>());
    }

    [Theory]
    [InlineData("torch.frobnicate(x)", "frobnicate")]
    [InlineData("ops.quantized.relu6(x)", "quantized::relu6")]
    [InlineData("torch.relu(x, 7)", "argument 2")]
    [InlineData("torch.conv2d(x, x, None, [1, 1], frobnication=2)", "frobnication")]
    [InlineData("torch.elu(x, 1., 2.)", "factors")]
    public void Unknown_operators_and_arguments_are_named_with_their_place(string expression, string named)
    {
        string text = Refused("OCT2132", ScriptArchive.OfExpression(expression), torch.ones(1, 1, 1, 1));
        Assert.Contains(named, text, StringComparison.Ordinal);
        Assert.Contains("code/__torch__.py:6", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Division_of_integers_that_meant_something_else_is_refused()
    {
        Refused("OCT2132", ScriptArchive.OfExpression("torch.div(x, 2)", version: 3), torch.ones(2, torch.ScalarType.Int64));
        ScriptReference.AssertSame(ScriptArchive.OfExpression("torch.div(x, 2)"), torch.ones(2, torch.ScalarType.Int64));
    }

    [Theory]
    [InlineData("torch.relu(x")]
    [InlineData("lambda: x")]
    [InlineData("x ! y")]
    [InlineData("'text")]
    public void Code_that_is_no_TorchScript_is_refused(string expression) => Refused("OCT2131", ScriptArchive.OfExpression(expression), torch.ones(1));

    [Fact]
    public void Code_that_is_nested_without_an_end_is_refused() => Refused("OCT2131", ScriptArchive.OfExpression(new string('(', 100_000)), torch.ones(1));

    [Theory]
    [InlineData("torch.add(x, y)")]
    [InlineData("torch.view(x, [-1, 7])")]
    [InlineData("self.missing")]
    [InlineData("(self).forward(x, )")]
    [InlineData("CONSTANTS.c3")]
    [InlineData("[x][1]")]
    [InlineData("torch.relu(7)")]
    [InlineData("__torch__.Missing.relu(x, )")]
    [InlineData("7")]
    [InlineData("ops.prim.RaiseException(\"no\")")]
    [InlineData("range(1, 2, 0)")]
    public void A_script_that_fails_is_told(string expression) => Refused("OCT2133", ScriptArchive.OfExpression(expression), torch.ones(2));

    [Fact]
    public void A_script_without_an_end_is_ended()
    {
        const string Code = "class Net(Module):\n  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    while True:\n      pass\n    return x\n";
        Assert.Contains("steps", Refused("OCT2133", ScriptArchive.Write(new ScriptObjectSource("__torch__.Net"), Code), torch.ones(1)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_chain_of_attributes_is_told() => Refused("OCT2133", ScriptArchive.OfExpression("x" + string.Concat(Enumerable.Repeat(".T[0]", 200_000))), torch.ones(1, 1));

    [Fact]
    public void A_state_dictionary_is_no_script()
    {
        using var file = new TemporaryFile(CheckpointWriter.StateDictionary([new CheckpointTensor("w", TorchElementType.Float32, [1], new byte[4])]));
        Assert.Equal("OCT2125", Assert.Throws<DiagnosticException>(() => TorchScriptModel.Load(file.Path)).Diagnostic.Code);
    }

    [Fact]
    public void Mutated_code_ends_in_a_result_or_a_diagnostic()
    {
        const string Code = "class Net(Module):\n  weight : Tensor\n  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    y = torch.add(x, self.weight, alpha=2)\n    if torch.gt(torch.len(torch.size(y)), 1):\n      z = torch.relu(y)\n    else:\n      z = [y, x][0]\n    for i in range(2):\n      z = torch.mul(z, 0.5)\n    return z\n";
        Gen.Select(Gen.Int[0, Code.Length - 1], Gen.Int[0, 12], Gen.Char["()[]{}:,.=+-\n \"'#xy01iT"].Array[0, 3]).Sample((place, removed, inserted) =>
        {
            string mutated = Code[..place] + new string(inserted) + Code[Math.Min(place + removed, Code.Length)..];
            using var file = new TemporaryFile(ScriptArchive.Write(new ScriptObjectSource("__torch__.Net", ("weight", torch.ones(2))), mutated));
            try
            {
                TorchScriptModel.Load(file.Path).Forward([torch.ones(2, 2)]);
            }
            catch (DiagnosticException exception)
            {
                Assert.StartsWith("OCT21", exception.Diagnostic.Code, StringComparison.Ordinal);
            }
        }, iter: 1000);
    }

    private static string Refused(string code, byte[] archive, params torch.Tensor[] inputs)
    {
        using var file = new TemporaryFile(archive);
        Diagnostic diagnostic = Assert.Throws<DiagnosticException>(() => TorchScriptModel.Load(file.Path).Forward(inputs)).Diagnostic;
        Assert.Equal(code, diagnostic.Code);
        Assert.Equal(file.Path, diagnostic.File);
        return diagnostic.Text;
    }
}
