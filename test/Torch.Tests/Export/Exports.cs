using System.Collections.Immutable;
using System.Reflection;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Tests;
using Octet.Torch.Export;

namespace Octet.Torch.Tests.Export;

/// <summary>Exports networks of this assembly in one process of octet.</summary>
internal static class Exports
{
    public static string Tool { get; } =
        typeof(Exports).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "Octet").Value!;

    public static ExportRequest Request(ScratchFolder folder, string type, params (string Name, long[] Dims)[] inputs) => new()
    {
        ModuleType = type,
        Assembly = typeof(Exports).Assembly.Location,
        Inputs = [.. inputs.Select(input => new ExportInput(input.Name, [.. input.Dims]))],
        Output = folder.File($"{type}.onnx"),
        TorchFolders = [.. TorchFolders.All],
    };

    public static ImmutableArray<ExportResponse> Run(params IReadOnlyList<ExportRequest> requests) => ExportProcess.Run(requests, "dotnet", ["exec", Tool, "export-worker"], CancellationToken.None);

    public static ModelProto Model(ExportRequest request) => OnnxFile.Read(request.Output);

    /// <summary>The one diagnostic of a code.</summary>
    public static string Said(this ExportResponse response, string code) =>
        response.Diagnostics.SingleOrDefault(diagnostic => diagnostic.Code == code)?.Text ?? throw new Xunit.Sdk.XunitException($"No {code}, but: {string.Join('\n', response.Diagnostics)}");
}
