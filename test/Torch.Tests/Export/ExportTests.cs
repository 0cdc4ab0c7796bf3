using System.Collections.Immutable;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Tests;
using Octet.Torch.Export;

namespace Octet.Torch.Tests.Export;

/// <summary>Modules that can be exported: what the graphs are, beyond having been verified.</summary>
public sealed class ExportTests : IClassFixture<ExportTests.Exported>
{
    private readonly Exported _exported;

    public ExportTests(Exported exported) => _exported = exported;

    [Fact]
    public void What_is_written_was_verified_at_batches_that_were_not_traced()
    {
        foreach ((ExportRequest request, ExportResponse response) in _exported.All)
        {
            Assert.True(response.Written, $"{request.ModuleType}: {string.Join('\n', response.Diagnostics)}");
            Assert.All(response.Verification, error => Assert.InRange(error.Error, 0, 1e-5));
            if (!request.FixedBatch)
                Assert.Superset(new HashSet<long> { 1, 5 }, response.Verification.Select(error => error.Batch).ToHashSet());
        }
    }

    [Fact]
    public void Initializers_have_the_names_of_the_state_dict()
    {
        HashSet<string> names = [.. _exported.Model("SmallResidual").Graph.Initializer.Select(initializer => initializer.Name)];
        Assert.Superset(new HashSet<string> { "_conv1.weight", "_norm1.running_mean", "_norm1.running_var", "_body.conv.bias", "_body.norm.weight", "_classifier.weight", "_classifier.bias" }, names);
        Assert.DoesNotContain("_norm1.num_batches_tracked", names);
    }

    [Fact]
    public void Nodes_are_named_after_the_modules_that_they_are_of() =>
        Assert.Contains(_exported.Model("SmallResidual").Graph.Node, node => node is { OpType: "Conv", Name: "_body.conv/Conv" });

    [Fact]
    public void The_batch_is_dynamic()
    {
        GraphProto graph = _exported.Model("SmallResidual").Graph;
        Assert.Equal("batch", graph.Input.Single().Type.TensorType.Shape.Dim[0].DimParam);
        Assert.Equal(3, graph.Input.Single().Type.TensorType.Shape.Dim[1].DimValue);
        Assert.Equal("batch", graph.Output.Single().Type.TensorType.Shape.Dim[0].DimParam);
    }

    [Fact]
    public void The_batch_is_fixed_where_that_is_asked_for()
    {
        GraphProto graph = _exported.Model("BatchAsNumber").Graph;
        Assert.Equal(4, graph.Input.Single().Type.TensorType.Shape.Dim[0].DimValue);
        Assert.Equal([4L, 4L], _exported["BatchAsNumber"].Verification.Select(error => error.Batch));
    }

    [Fact]
    public void The_same_module_gives_the_same_bytes()
    {
        ExportRequest[] twice = [.. Enumerable.Range(0, 2).Select(i => Exports.Request(_exported.Folder, "Aliases", ("x", [1, 8])) with { Output = _exported.Folder.File($"again{i}.onnx") })];
        Exports.Run(twice[0]);
        Exports.Run(twice[1]);
        Assert.Equal(File.ReadAllBytes(twice[0].Output), File.ReadAllBytes(twice[1].Output));
    }

    [Fact]
    public void Inputs_are_matched_by_name_and_outputs_of_a_tuple_are_numbered()
    {
        GraphProto graph = _exported.Model("TwoInputs").Graph;
        Assert.Equal(["shift", "features"], graph.Input.Select(input => input.Name));
        Assert.Equal(["output_0", "output_1"], graph.Output.Select(output => output.Name));
    }

    [Fact]
    public void Outputs_of_a_dictionary_have_its_keys() => Assert.Equal(["positive", "negative"], _exported.Model("Named").Graph.Output.Select(output => output.Name));

    [Fact]
    public void An_input_that_takes_no_floats_has_integers() =>
        Assert.Equal((int)TensorProto.Types.DataType.Int64, _exported.Model("Tokens").Graph.Input.Single().Type.TensorType.ElemType);

    [Fact]
    public void A_constant_for_the_whole_batch_holds_one_slice() =>
        Assert.Contains(_exported.Model("ZerosForTheBatch").Graph.Initializer, initializer => initializer.DataType == (int)TensorProto.Types.DataType.Float && initializer.Dims.SequenceEqual([1L, 3L]));

    [Fact]
    public void Constructor_arguments_choose_the_constructor()
    {
        Assert.Equal(6, _exported.Model("Configured").Graph.Output.Single().Type.TensorType.Shape.Dim[1].DimValue);
        Assert.Equal(7, _exported.Model("Configured", 1).Graph.Output.Single().Type.TensorType.Shape.Dim[1].DimValue);
    }

    [Fact]
    public void An_older_operator_set_is_written_where_it_is_asked_for() => Assert.Equal(17, _exported.Model("SmallResidual", 1).OpsetImport.Single().Version);

    /// <summary>Exports them all in one process.</summary>
    public sealed class Exported : IDisposable
    {
        private readonly ImmutableArray<ExportRequest> _requests;
        private readonly ImmutableArray<ExportResponse> _responses;

        public Exported()
        {
            _requests =
            [
                Exports.Request(Folder, "SmallResidual", ("image", [1, 3, 8, 8])),
                Exports.Request(Folder, "SmallResidual", ("image", [1, 3, 8, 8])) with { Opset = 17, Output = Folder.File("SmallResidual1.onnx") },
                Exports.Request(Folder, "TwoInputs", ("shift", [1, 4]), ("features", [1, 7])),
                Exports.Request(Folder, "Named", ("x", [1, 8])),
                Exports.Request(Folder, "Aliases", ("x", [1, 8])),
                Exports.Request(Folder, "ZerosForTheBatch", ("x", [1, 8])),
                Exports.Request(Folder, "ManyTemporaries", ("x", [1, 8])),
                Exports.Request(Folder, "InputInPlace", ("x", [1, 8])),
                Exports.Request(Folder, "Tokens", ("tokens", [1, 6])),
                Exports.Request(Folder, "BatchAsNumber", ("x", [4, 8])) with { FixedBatch = true },
                Exports.Request(Folder, "Configured", ("x", [1, 8])) with { ConstructorArguments = ["2,4"] },
                Exports.Request(Folder, "Configured", ("x", [1, 8])) with { ConstructorArguments = ["6", "0.5", "Sunday"], Output = Folder.File("Configured1.onnx") },
            ];
            _responses = Exports.Run(_requests);
        }

        internal ScratchFolder Folder { get; } = new();

        public IEnumerable<(ExportRequest Request, ExportResponse Response)> All => _requests.Zip(_responses);

        public ExportResponse this[string type] => All.First(pair => pair.Request.ModuleType == type).Response;

        public ModelProto Model(string type, int index = 0) => Exports.Model(All.Where(pair => pair.Request.ModuleType == type).ElementAt(index).Request);

        public void Dispose() => Folder.Dispose();
    }
}
