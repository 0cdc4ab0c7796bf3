using Octet.Quantization.Diagnostics;
using Octet.Torch.Checkpoints;

namespace Octet.Torch.Tests.Checkpoints;

/// <summary>A file that lives as long as a test.</summary>
internal sealed class TemporaryFile : IDisposable
{
    public TemporaryFile(byte[] content) => File.WriteAllBytes(Path, content);

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"octet-test-{Guid.NewGuid():N}");

    public void Dispose() => File.Delete(Path);

    /// <summary>What the reader makes of a file with that content.</summary>
    public static Checkpoint Read(byte[] content)
    {
        using var file = new TemporaryFile(content);
        return CheckpointReader.Read(file.Path);
    }

    /// <summary>The reader refuses a file with that content by that code.</summary>
    public static string Refused(string code, byte[] content)
    {
        using var file = new TemporaryFile(content);
        Diagnostic diagnostic = Assert.Throws<DiagnosticException>(() => CheckpointReader.Read(file.Path)).Diagnostic;
        Assert.Equal(code, diagnostic.Code);
        Assert.Equal(file.Path, diagnostic.File);
        return diagnostic.Text;
    }
}
