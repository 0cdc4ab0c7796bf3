namespace Octet.Runtime.Tests;

public sealed class MachineDescriptionTests
{
    [Fact]
    public void This_machine_has_a_name_and_an_onnx_runtime()
    {
        MachineDescription machine = MachineDescription.Current;

        Assert.NotEqual("", machine.Cpu.Trim());
        Assert.Equal(Environment.ProcessorCount, machine.Cores);
        Assert.NotEqual("", machine.Os);
        Assert.Matches(@"^\d+\.\d+\.\d+", machine.OnnxRuntime);
        Assert.Same(machine, MachineDescription.Current);
    }

    [Fact]
    public void Instructions_and_the_kernel_tell_the_same()
    {
        // Both ways of asking are there on Linux x64 only.
        if (!OperatingSystem.IsLinux() || !System.Runtime.Intrinsics.X86.X86Base.IsSupported)
            return;

        Processor read = LinuxProcessor.Identify();
        foreach (Processor asked in (Processor[])[X86Processor.Refine(new Processor("", [])), X86Processor.Refine(read)])
        {
            Assert.Equal(read.Name, asked.Name);
            Assert.Equal(read.Features.AsEnumerable(), asked.Features);
        }
    }

    [Fact]
    public void Kernel_text_of_an_x64_processor()
    {
        Processor processor = LinuxProcessor.Parse(
            """
            processor	: 0
            model name	: Some CPU @ 2.00GHz
            flags		: fpu avx2 avx512f avx512vl avx512vbmi avx512_vnni amx_int8

            processor	: 1
            model name	: Another one
            flags		: avx_vnni
            """);

        Assert.Equal("Some CPU @ 2.00GHz", processor.Name);
        Assert.Equal(["avx2", "avx512f", "avx512vl", "avx512-vnni", "avx512-vbmi", "amx-int8"], processor.Features.AsEnumerable());
    }

    [Fact]
    public void Kernel_text_of_an_arm_processor()
    {
        Processor processor = LinuxProcessor.Parse("processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd asimddp i8mm\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n");

        Assert.Equal("ARM implementer 0x41 part 0xd40", processor.Name);
        Assert.Equal(["neon-dotprod", "i8mm"], processor.Features.AsEnumerable());
    }

    [Theory]
    [InlineData("")]
    [InlineData(":\n::\nflags")]
    public void Kernel_text_that_says_nothing(string text)
    {
        Processor processor = LinuxProcessor.Parse(text);

        Assert.Equal("", processor.Name);
        Assert.Empty(processor.Features);
    }
}
