using System.Collections.Immutable;
using System.Reflection;
using Octet.Quantization;
using Octet.Quantization.Emission;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Tests.Pipeline;
using Octet.Tool.Cache;

namespace Octet.Tool.Tests;

public class CacheKeyTests
{
    // Every option that can decide the outcome, each with another value.
    private static readonly Dictionary<string, Func<QuantizationRequest, QuantizationRequest>> Changes = new()
    {
        ["Name"] = request => request with { Name = "other" },
        ["Source"] = request => request with { Source = "other/model.onnx" },
        ["FloatFileName"] = request => request with { FloatFileName = "other.onnx" },
        ["Variants"] = request => request with { Variants = ["int8"] },
        ["Data"] = request => request with { Data = [] },
        ["Preprocessing"] = request => request with { Preprocessing = "imagenet" },
        ["Labels"] = request => request with { Labels = "folders" },
        ["InputShapes"] = request => request with { InputShapes = request.InputShapes.Add("x", [1, 3, 8, 8]) },
        ["Exclude"] = request => request with { Exclude = [new("Gemm")] },
        ["MaxAccuracyDrop"] = request => request with { MaxAccuracyDrop = 0.02 },
        ["MinSpeedup"] = request => request with { MinSpeedup = 2 },
        ["TimeBudget"] = request => request with { TimeBudget = TimeSpan.FromSeconds(7) },
        ["Threads"] = request => request with { Threads = 3 },
        ["BatchSize"] = request => request with { BatchSize = 3 },
        ["Conditions"] = request => request with { Conditions = [new MeasuringCondition(1, 8)] },
        ["CustomOperators"] = request => request with { CustomOperators = false },
        ["CalibrationSamples"] = request => request with { CalibrationSamples = 3 },
        ["Target"] = request => request with { Target = "arm64" },
        ["Method"] = request => request with { Method = "entropy" },
        ["Pinned"] = request => request with { Pinned = new(IntegerForm.Pairs, [], [], ImmutableSortedDictionary.Create<string, string>().Add("conv", "it is slow")) },
        ["Search"] = request => request with { Search = false },
        ["Statistics"] = request => request with { Statistics = "statistics.json" },
    };

    public static TheoryData<string> Options => [.. typeof(QuantizationRequest).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(property => property.Name).Except(["ModelPath", "OutputDirectory", "SearchStateDirectory"])];

    [Theory]
    [MemberData(nameof(Options))]
    public void Every_option_is_in_the_key(string option)
    {
        using Workshop workshop = new();
        QuantizationRequest request = Request(workshop);
        Assert.True(Changes.TryGetValue(option, out Func<QuantizationRequest, QuantizationRequest>? change), $"Say here how {option} changes, and hash it in CacheKey.");
        Assert.NotEqual(CacheKey.Of(request), CacheKey.Of(change(request)));
    }

    [Fact]
    public void The_same_content_in_another_place_has_the_same_key()
    {
        using Workshop one = new();
        using Workshop other = new();
        foreach (string file in Directory.EnumerateFiles(other.Data))
            File.SetLastWriteTimeUtc(file, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.Equal(CacheKey.Of(Request(one)), CacheKey.Of(Request(other) with { OutputDirectory = "/elsewhere" }));
    }

    [Fact]
    public void A_byte_of_the_model_is_in_the_key()
    {
        using Workshop workshop = new();
        string before = CacheKey.Of(Request(workshop));
        ModelProto model = OnnxFile.Read(workshop.Model);
        model.ProducerVersion = "2";
        OnnxFile.Write(model, workshop.Model);
        Assert.NotEqual(before, CacheKey.Of(Request(workshop)));
    }

    [Fact]
    public void A_byte_of_the_data_is_in_the_key()
    {
        using Workshop workshop = new();
        string before = CacheKey.Of(Request(workshop));
        workshop.AddSample("1.npy", seed: 9);
        Assert.NotEqual(before, CacheKey.Of(Request(workshop)));
    }

    [Fact]
    public void A_file_more_and_a_files_folder_are_in_the_key()
    {
        using Workshop workshop = new();
        string before = CacheKey.Of(Request(workshop));
        Directory.CreateDirectory(Path.Combine(workshop.Data, "cat"));
        File.Move(Path.Combine(workshop.Data, "2.npy"), Path.Combine(workshop.Data, "cat", "2.npy"));
        string moved = CacheKey.Of(Request(workshop));
        workshop.AddSample("3.npy", seed: 3);
        Assert.Equal(3, new[] { before, moved, CacheKey.Of(Request(workshop)) }.Distinct().Count());
    }

    [Fact]
    public void A_list_of_labels_counts_by_its_content()
    {
        using Workshop workshop = new();
        QuantizationRequest request = Request(workshop) with { Labels = workshop.File("labels.csv") };
        File.WriteAllText(request.Labels!, "file,label\n0.npy,0\n");
        string before = CacheKey.Of(request);
        File.WriteAllText(request.Labels!, "file,label\n0.npy,1\n");
        Assert.NotEqual(before, CacheKey.Of(request));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void External_data_is_in_the_key(bool inConstantNode)
    {
        using Workshop workshop = new();
        ModelProto model = SmallModels.Classifier();
        TensorProto weights = model.Graph.Initializer[0];
        weights.ClearRawData();
        weights.FloatData.Clear();
        weights.DataLocation = TensorProto.Types.DataLocation.External;
        weights.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "weights.bin" });
        if (inConstantNode)
        {
            model.Graph.Initializer.Remove(weights);
            model.Graph.Node.Insert(0, Nodes.Create("Constant", "weights", [], [weights.Name], new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = weights }));
        }
        workshop.AddModel("model", model);
        string data = Path.Combine(Path.GetDirectoryName(workshop.Model)!, "weights.bin");
        File.WriteAllBytes(data, new byte[1728]);
        string before = CacheKey.Of(Request(workshop));
        File.WriteAllBytes(data, [1, .. new byte[1727]]);
        Assert.NotEqual(before, CacheKey.Of(Request(workshop)));
    }

    private static QuantizationRequest Request(Workshop workshop) => new()
    {
        ModelPath = workshop.Model,
        Name = "model",
        Source = "models/model.onnx",
        OutputDirectory = workshop.File("out"),
        FloatFileName = "model.onnx",
        Data = [workshop.Data],
    };
}
