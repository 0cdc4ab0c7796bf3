using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Tests.Emission;

/// <summary>Compute nodes inside If, Loop and Scan. Builders begin to count anew, so that graphs share names, and hide those of the graph around them.</summary>
internal static class SubgraphModels
{
    private const int Width = 8;

    public static readonly long[] Shape = [2, Width];

    /// <summary>Convolutions in both branches: each its own, one with the weights of the graph around.</summary>
    public static ModelProto If()
    {
        GraphBuilder outer = new();
        outer.Input("x", 1, 3, 8, 8);
        outer.Graph.Initializer.Add(Tensors.Create("shared", [4, 4, 1, 1], outer.Values([4, 4, 1, 1], 1)));
        string condition = outer.Input("condition", DataType.Bool);
        outer.Output(outer.Node("If", [condition], Branch(2).As("then_branch"), Branch(3).As("else_branch")));
        return outer.Build();

        static GraphBuilder Branch(int seed)
        {
            GraphBuilder branch = new(seed: seed);
            string first = branch.Node("Relu", [branch.Conv("x", 4, 3, 3)]);
            branch.Output(branch.Conv(branch.Node("Relu", [branch.Node("Conv", [first, "shared"])]), 2, 4, 1));
            return branch;
        }
    }

    /// <summary>
    /// Two convolutions around. The first one's result is clamped, but read in a branch too; the second one's is read in a branch by an integer node, by
    /// one between integer nodes and by a float one.
    /// </summary>
    public static ModelProto Captured()
    {
        GraphBuilder outer = new(prefix: "outer");
        string unclamped = outer.Conv(outer.Input("x", 1, 3, 8, 8), 4, 3, 3);
        string features = outer.Node("Relu", [outer.Conv(outer.Node("Relu", [unclamped]), 4, 4, 3)]);
        string condition = outer.Input("condition", DataType.Bool);

        GraphBuilder then = new(seed: 2);
        string pooled = then.Node("MaxPool", [features], Nodes.Attribute("kernel_shape", [3L, 3]), Nodes.Attribute("pads", [1L, 1, 1, 1]));
        string sum = then.Node("Add", [then.Conv(pooled, 4, 4, 3), then.Conv(features, 4, 4, 1)]);
        then.Output(then.Node("Mul", [then.Conv(sum, 4, 4, 1), then.Node("Sigmoid", [features])]));
        GraphBuilder otherwise = new(seed: 3);
        otherwise.Output(otherwise.Conv(otherwise.Node("Tanh", [unclamped]), 4, 4, 1));

        outer.Output(outer.Node("If", [condition], then.As("then_branch"), otherwise.As("else_branch")));
        return outer.Build();
    }

    /// <summary>A product applied three times to a state that grows by two rows each time, its results kept.</summary>
    public static ModelProto Loop()
    {
        GraphBuilder outer = new();
        string x = outer.Input("x", -1, Width);
        outer.Graph.Initializer.Add(Tensors.Create("trips", [], [3L]));
        GraphBuilder body = Body("", 3, out string state);
        string next = body.Node("Relu", [body.Node("Gemm", [state, body.ScaledWeights(Width, Width), body.Weights(Width)])]);
        body.Output(body.Node("Concat", [next, "x"], Nodes.Attribute("axis", 0L)));
        body.Output(body.Node("ReduceMean", [next], Nodes.Attribute("axes", [0L])));
        string[] results = outer.Node("Loop", ["trips", "", x], 2, body.As("body"));
        outer.Output(results[0]);
        outer.Output(results[1]);
        return outer.Build();
    }

    /// <summary>Rows that go through two products one after the other.</summary>
    public static ModelProto Scan()
    {
        GraphBuilder body = new(seed: 2);
        string state = body.Input("state", 2, Width);
        string row = body.Input("row", 2, Width);
        string next = body.Node("Relu", [body.Node("Gemm", [body.Node("Sub", [row, state]), body.ScaledWeights(Width, Width), body.Weights(Width)])]);
        body.Output(next, 2, Width);
        body.Output(body.Node("Gemm", [next, body.ScaledWeights(Width, Width)]), 2, Width);

        GraphBuilder outer = new();
        string[] results = outer.Node("Scan", [outer.Weights(2, Width), outer.Input("x", 5, 2, Width)], 2, body.As("body"), Nodes.Attribute("num_scan_inputs", 1), Nodes.Attribute("scan_output_axes", [0L]));
        outer.Output(results[1]);
        return outer.Build();
    }

    /// <summary>An If inside a Loop, in whose first two iterations the one branch is taken, then the other; which has a Scan inside, and one a Loop.</summary>
    public static ModelProto Nested()
    {
        GraphBuilder rows = new(seed: 4, prefix: "rows");
        rows.Output(rows.Node("Gemm", [rows.Input("row", 1, Width), rows.ScaledWeights(Width, Width)]));
        GraphBuilder then = new(seed: 5, prefix: "branch");
        string scanned = then.Node("Scan", [then.Node("Unsqueeze", ["state", then.Constant([1])])], rows.As("body"), Nodes.Attribute("num_scan_inputs", 1));
        then.Output(then.Node("Squeeze", [scanned, then.Constant([1])]));

        GraphBuilder inner = Body("again", 6, out string again);
        inner.Output(inner.Node("Tanh", [inner.Node("Gemm", [again, inner.ScaledWeights(Width, Width)])]));
        GraphBuilder otherwise = new(seed: 7, prefix: "branch");
        otherwise.Output(otherwise.Node("Loop", ["iteration", "", "state"], inner.As("body")));

        GraphBuilder body = Body("", 8, out _);
        string first = body.Node("Less", ["iteration", "two"]);
        body.Output(body.Node("If", [first], then.As("then_branch"), otherwise.As("else_branch")));

        GraphBuilder outer = new(prefix: "outer");
        string x = outer.Input("x", Shape);
        outer.Graph.Initializer.Add(Tensors.Create("trips", [], [4L]));
        outer.Graph.Initializer.Add(Tensors.Create("two", [], [2L]));
        outer.Output(outer.Node("Loop", ["trips", "", x], body.As("body")));
        return outer.Build();
    }

    /// <summary>An If inside a Scan.</summary>
    public static ModelProto IfInScan()
    {
        GraphBuilder then = new(seed: 3, prefix: "branch");
        then.Output(then.Node("Gemm", ["row", then.ScaledWeights(Width, Width)]));
        GraphBuilder otherwise = new(seed: 4, prefix: "branch");
        otherwise.Output(otherwise.Node("Neg", ["row"]));
        GraphBuilder body = new(seed: 2);
        string row = body.Input("row", 2, Width);
        string positive = body.Node("Greater", [body.Node("ReduceMax", [row], Nodes.Attribute("keepdims", 0L)), body.Constant([], [0.9f])]);
        body.Output(body.Node("Gemm", [body.Node("If", [positive], then.As("then_branch"), otherwise.As("else_branch")), body.ScaledWeights(Width, Width)]));

        GraphBuilder outer = new(prefix: "outer");
        outer.Output(outer.Node("Scan", [outer.Input("x", 5, 2, Width)], body.As("body"), Nodes.Attribute("num_scan_inputs", 1)));
        return outer.Build();
    }

    public static NamedTensor[] Inputs(bool condition, int seed = 7) => [Reference.Tensor("x", [1, 3, 8, 8], seed), new NamedTensor("condition", [], new[] { condition })];

    private static GraphBuilder Body(string prefix, int seed, out string state)
    {
        GraphBuilder body = new(seed: seed, prefix: prefix);
        body.Input($"{prefix}iteration", DataType.Int64);
        string condition = body.Input($"{prefix}go_on", DataType.Bool);
        // No extents: the state may grow.
        body.Graph.Input.Add(new ValueInfoProto { Name = state = $"{prefix}state", Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float } } });
        string next = body.Node("Identity", [condition]);
        body.Graph.Output.Add(new ValueInfoProto { Name = next, Type = body.Graph.Input[1].Type });
        return body;
    }
}
