using Google.Protobuf;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Runtime;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Tests.Preparation;

/// <summary>What the pipeline must pass through unharmed, or make usable.</summary>
public sealed class UnusualModelTests
{
    [Fact]
    public void Weights_in_16_bits_that_are_cast_become_floats()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 8, 8);
        string weights = builder.Node("Cast", [Halves(builder, 6, 4, 3, 3)], Nodes.Attribute("to", (long)DataType.Float));
        builder.Output(builder.BatchNormalization(builder.Node("Conv", [x, weights]), 6), 1, 6, 6, 6);
        ModelProto model = builder.Build();

        ModelProto result = PreparationPipeline.Run(model, "test.onnx");

        Assert.Equal("Conv", Assert.Single(result.Graph.Node).OpType);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [1, 4, 8, 8]));
    }

    [Fact]
    public void A_model_in_16_bits_computes_in_32_and_keeps_its_signature()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", DataType.Float16, 1, 4, 8, 8);
        string conv = builder.Node("Conv", [x, Halves(builder, 6, 4, 3, 3), Halves(builder, 6)]);
        string y = builder.Node("Relu", [builder.Node("Mul", [conv, Halves(builder, 6, 1, 1)])]);
        builder.Graph.Output.Add(builder.Graph.Input[0].Clone());
        builder.Graph.Output[0].Name = y;
        foreach (TensorShapeProto.Types.Dimension extent in builder.Graph.Output[0].Type.TensorType.Shape.Dim)
            extent.ClearDimValue();
        ModelProto model = builder.Build();

        ModelProto result = PreparationPipeline.Run(model, "test.onnx");

        Assert.Equal(["Cast", "Conv", "Relu", "Cast"], result.Graph.Node.Select(node => node.OpType));
        Assert.Equal(model.Graph.Input, result.Graph.Input);
        Assert.Equal(model.Graph.Output, result.Graph.Output);
        Assert.All(result.Graph.Initializer, tensor => Assert.Equal((int)DataType.Float, tensor.DataType));
        // Both in floats at the ends, so that the judge can read them.
        NamedTensor input = Reference.Tensor("x", [1, 4, 8, 8]);
        double sqnr = Agreement.SqnrDb(Reference.Run(InFloats(model), input).Floats(), Reference.Run(InFloats(result), input).Floats());
        Assert.InRange(sqnr, 50, Agreement.LimitDb);
    }

    [Fact]
    public void A_float_normalization_behind_weights_in_16_bits_is_not_mixed_with_them()
    {
        GraphBuilder builder = new(opset: 15);
        string x = builder.Input("x", DataType.Float16, 1, 4, 8, 8);
        string normalized = builder.BatchNormalization(builder.Node("Conv", [x, Halves(builder, 6, 4, 3, 3)]), 6);
        builder.Graph.Output.Add(new ValueInfoProto { Name = normalized });

        Assert.Equal(1, FoldBatchNormalization.Apply(builder.Build()).Count("BatchNormalization"));
    }

    [Fact]
    public void Functions_and_other_domains_are_left_alone()
    {
        GraphBuilder builder = new(opset: 13);
        string x = builder.Input("x", 1, 4, 8, 8);
        string doubled = builder.Node("Twice", [builder.BatchNormalization(builder.Conv(x, 4, 4, 3), 4)]);
        builder.Graph.Node[^1].Domain = "local";
        string gelu = builder.Node("FastGelu", [doubled]);
        builder.Graph.Node[^1].Domain = "com.microsoft";
        builder.Output(builder.Node("Identity", [gelu]), 1, 4, 8, 8);
        ModelProto model = builder.Build();
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "local", Version = 1 });
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
        FunctionProto function = new() { Name = "Twice", Domain = "local", Input = { "a" }, Output = { "b" }, OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 13 } } };
        function.Node.Add(Nodes.Create("Identity", "inner", ["a"], ["c"]));
        function.Node.Add(Nodes.Create("Add", "sum", ["a", "c"], ["b"]));
        model.Functions.Add(function);

        ModelProto result = PreparationPipeline.Run(model, "test.onnx");

        Assert.Equal(["Conv", "Twice", "FastGelu"], result.Graph.Node.Select(node => node.OpType));
        Assert.Equal(model.Functions, result.Functions);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [1, 4, 8, 8]));
    }

    [Fact]
    public void A_function_whose_operators_changed_keeps_the_model_where_it_is()
    {
        GraphBuilder builder = new(opset: 17);
        builder.Output(builder.Node("Relu", [builder.Input("x", 2, 3)]), 2, 3);
        ModelProto model = builder.Build();
        FunctionProto function = new() { Name = "Mean", Domain = "local", Input = { "a" }, Output = { "b" } };
        function.Node.Add(Nodes.Create("ReduceMean", "mean", ["a"], ["b"], Nodes.Attribute("axes", [1L])));
        model.Functions.Add(function);

        Assert.Contains("local.Mean", Assert.Throws<NotSupportedException>(() => OpsetLift.Apply(model, 18)).Message);
    }

    [Fact]
    public void Sparse_weights_are_left_alone()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 2, 4);
        SparseTensorProto sparse = new() { Values = Tensors.Create("sparse", [2], [3f, 5f]), Indices = Tensors.Create("", [2], [1L, 6]) };
        sparse.Dims.AddRange([4, 3]);
        builder.Graph.SparseInitializer.Add(sparse);
        builder.Output(builder.Node("MatMul", [builder.Node("Identity", [x]), "sparse"]), 2, 3);
        ModelProto model = builder.Build();

        ModelProto result = PreparationPipeline.Run(model, "test.onnx");

        Assert.Equal(model.Graph.SparseInitializer, result.Graph.SparseInitializer);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 4]));
    }

    [Fact]
    public void Names_may_hold_any_character()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 8, 8);
        builder.Output(builder.Node("Relu", [builder.BatchNormalization(builder.Conv(x, 4, 4, 3), 4)]), 1, 4, 8, 8);
        ModelProto model = builder.Build();
        const string Odd = " a/b\\c:0;\"<&>'\t%20é漢🙂";
        foreach (TensorProto tensor in model.Graph.Initializer)
            tensor.Name += Odd;
        foreach (NodeProto node in model.Graph.Node)
        {
            node.Name += Odd;
            for (int i = 0; i < node.Input.Count; i++)
                node.Input[i] += node.Input[i] == x ? "" : Odd;
            node.Output[0] += Odd;
        }
        model.Graph.Output[0].Name += Odd;

        ModelProto result = PreparationPipeline.Run(model, "test.onnx");

        Assert.Equal(["Conv", "Relu"], result.Graph.Node.Select(node => node.OpType));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [1, 4, 8, 8]));
    }

    [Fact]
    public void Inputs_that_repeat_weights_go()
    {
        GraphBuilder builder = new(opset: 9);
        string x = builder.Input("x", 2, 4);
        string weights = builder.Weights(4, 3);
        builder.Input(weights, 4, 3);
        builder.Output(builder.Node("MatMul", [x, weights]), 2, 3);
        ModelProto model = builder.Build();
        model.IrVersion = 3;

        ModelProto result = ConstantsToInitializers.Apply(model);

        Assert.Equal([x], result.Graph.Input.Select(input => input.Name));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 4]));
    }

    [Fact]
    public void Typed_constants_become_raw_ones()
    {
        TensorProto half = new() { Name = "half", DataType = (int)DataType.Float16, Dims = { 2 }, Int32Data = { BitConverter.HalfToUInt16Bits((Half)1.5f), BitConverter.HalfToUInt16Bits((Half)(-2f)) } };
        TensorProto bytes = new() { Name = "bytes", DataType = (int)DataType.Int8, Dims = { 3 }, Int32Data = { -1, 2, -128 } };
        TensorProto unsigned = new() { Name = "unsigned", DataType = (int)DataType.Uint32, Dims = { 1 }, Uint64Data = { uint.MaxValue } };
        TensorProto single = new() { Name = "single", DataType = (int)DataType.Float, Dims = { 1, 2 }, FloatData = { 1, float.NaN } };
        TensorProto text = new() { Name = "text", DataType = (int)DataType.String, Dims = { 1 }, StringData = { ByteString.CopyFromUtf8("a") } };
        ModelProto model = new() { Graph = new GraphProto { Initializer = { half, bytes, unsigned, single, text } } };

        ModelProto result = RawConstants.Apply(model);

        TensorProto[] tensors = [.. result.Graph.Initializer];
        Assert.All(tensors[..4], tensor => Assert.False(tensor.HasTypedData()));
        Assert.Equal([1.5f, -2f], tensors[0].ToFloats());
        Assert.Equal([0xFF, 0x02, 0x80], tensors[1].RawData.ToByteArray());
        Assert.Equal([0xFF, 0xFF, 0xFF, 0xFF], tensors[2].RawData.ToByteArray());
        Assert.Equal([1, float.NaN], tensors[3].ToFloats());
        Assert.Equal(text, tensors[4]);
        Assert.True(model.Graph.Initializer[0].HasTypedData());
    }

    [Fact]
    public void A_tensor_with_less_data_than_it_promises_is_refused()
    {
        TensorProto tensor = new() { Name = "w", DataType = (int)DataType.Float, Dims = { 2, 2 }, FloatData = { 1, 2, 3 } };

        Assert.Throws<InvalidDataException>(() => tensor.ToFloats());
        Assert.Throws<InvalidDataException>(() => RawConstants.Apply(new ModelProto { Graph = new GraphProto { Initializer = { tensor } } }));
    }

    /// <summary>The pipeline's way with 20,000 nodes. A pass that indexes the graph anew for each change would not come to an end.</summary>
    [Fact]
    public void A_graph_of_20_000_nodes_is_prepared()
    {
        const int Layers = 4000;
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 2, 1, 1);
        string three = builder.Constant([], [3]);
        string y = x;
        for (int layer = 0; layer < Layers; layer++)
        {
            y = builder.BatchNormalization(builder.Conv(y, 2, 2, 1), 2);
            y = builder.Node("Identity", [builder.Node("Sub", [builder.Node("Add", [y, three]), three])]);
        }
        builder.Output(y, 1, 2, 1, 1);

        ModelProto result = PreparationPipeline.Run(builder.Build(), "test.onnx");

        Assert.Equal(Layers, result.Graph.Node.Count);
    }

    private static string Halves(GraphBuilder builder, params long[] shape)
    {
        Half[] values = [.. builder.Values(shape, 1).Select(value => (Half)value)];
        string name = $"half{builder.Graph.Initializer.Count}";
        builder.Graph.Initializer.Add(Tensors.CreateRaw(name, DataType.Float16, shape, System.Runtime.InteropServices.MemoryMarshal.AsBytes<Half>(values).ToArray()));
        return name;
    }

    private static ModelProto InFloats(ModelProto halves)
    {
        ModelProto model = halves.Clone();
        GraphProto graph = model.Graph;
        (string input, string output) = (graph.Input[0].Name, graph.Output[0].Name);
        GraphEditor editor = new(graph, new UniqueNames(model));
        editor.RedirectReads(input, "narrow");
        graph.Node.Insert(0, Nodes.Create("Cast", "narrowing", [input], ["narrow"], Nodes.Attribute("to", (long)DataType.Float16)));
        graph.Node.Add(Nodes.Create("Cast", "widening", [output], ["wide"], Nodes.Attribute("to", (long)DataType.Float)));
        graph.Input[0].Type.TensorType.ElemType = (int)DataType.Float;
        graph.Output[0] = new ValueInfoProto { Name = "wide" };
        return model;
    }
}
