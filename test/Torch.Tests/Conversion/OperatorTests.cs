using System.Collections.Immutable;
using Octet.Torch.Tests.Modules;

namespace Octet.Torch.Tests.Conversion;

/// <summary>Each operator as an output of a network of its family; all at the newest and at the oldest version of the operators, in one process.</summary>
public sealed class ExportedOperators
{
    private static readonly ImmutableArray<Network> Networks =
    [
        .. new[] { 20L, 17 }.SelectMany(opset => new Network[]
        {
            new("FunctionCases", ["x=2,4,6"]) { Opset = opset },
            new("LogicCases", ["x=2,4,6"]) { Opset = opset },
            new("ArrangementCases", ["x=2,4,6,8"]) { Opset = opset },
            new("IndexCases", ["x=2,4,6,8"]) { Opset = opset },
            new("ReductionCases", ["x=2,4,6,8"]) { Opset = opset },
            new("NormalizationCases", ["x=2,4,6,8"]) { Opset = opset },
            new("MatrixCases", ["x=2,4,6"]) { Opset = opset },
            new("EmbeddingCases", ["numbers:Int64=2,5"]) { Opset = opset },
        }),
    ];

    private readonly Dictionary<(string, long), NetworkExport> _exports = Networks.Zip(Network.Export(Networks)).ToDictionary(pair => (pair.First.Type, pair.First.Opset), pair => pair.Second);

    public static TheoryData<string> Families => [.. Networks.Select(network => network.Type).Distinct()];

    public NetworkExport this[string type, long opset] => _exports[(type, opset)];
}

public sealed class OperatorTests(ExportedOperators exports) : IClassFixture<ExportedOperators>
{
    public static TheoryData<string> Families => ExportedOperators.Families;

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_operator_of_a_family_agrees_with_TorchSharp(string family) => exports[family, 20].AssertVerified();

    [Theory]
    [MemberData(nameof(Families))]
    public void It_does_with_the_oldest_operators_too(string family)
    {
        if (family == "LogicCases")
            exports[family, 17].AssertRefused("OCT2109", "of integers before opset 18");
        else
            exports[family, 17].AssertVerified();
    }
}
