#if NET
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace Octet.Runtime;

/// <summary>Asks an x64 or x86 processor itself, by the CPUID instruction.</summary>
/// <remarks>Leaves and bits: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, CPUID.</remarks>
internal static class X86Processor
{
    private const int FirstBrandLeaf = unchecked((int)0x80000002);
    private const int LastBrandLeaf = unchecked((int)0x80000004);

    /// <summary>Adds to what the operating system tells.</summary>
    /// <remarks>
    /// That the processor can is not enough, the system must save the registers too. The runtime's own answer is yes only where code is
    /// compiled for this very processor; compiled ahead of time it is no.
    /// </remarks>
    public static Processor Refine(Processor told) => new(
        Brand() is { Length: > 0 } brand ? brand : told.Name,
        Features(told.Features.Contains("avx2") || Avx2.IsSupported, told.Features.Contains("avx512f") || Avx512F.IsSupported));

    private static string Brand()
    {
        if (X86Base.CpuId(unchecked((int)0x80000000), 0).Eax < LastBrandLeaf)
            return "";

        var registers = new List<int>();
        for (int leaf = FirstBrandLeaf; leaf <= LastBrandLeaf; leaf++)
        {
            (int eax, int ebx, int ecx, int edx) = X86Base.CpuId(leaf, 0);
            registers.AddRange([eax, ebx, ecx, edx]);
        }
        return Encoding.ASCII.GetString(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(registers))).Trim('\0', ' ');
    }

    private static ImmutableArray<string> Features(bool avx2, bool avx512)
    {
        (int highestSubleaf, int ebx, int ecx, int edx) = X86Base.CpuId(0, 0).Eax >= 7 ? X86Base.CpuId(7, 0) : default;
        int eax1 = highestSubleaf >= 1 ? X86Base.CpuId(7, 1).Eax : 0;

        ImmutableArray<string>.Builder features = ImmutableArray.CreateBuilder<string>();
        Add("avx2", avx2);
        Add("avx-vnni", avx2 && Bit(eax1, 4));
        Add("avx512f", avx512);
        Add("avx512vl", avx512 && Bit(ebx, 31));
        Add("avx512-vnni", avx512 && Bit(ecx, 11));
        Add("avx512-vbmi", avx512 && Bit(ecx, 1));
        Add("amx-int8", avx512 && Bit(edx, 25));
        return features.ToImmutable();

        void Add(string name, bool present)
        {
            if (present)
                features.Add(name);
        }

        static bool Bit(int register, int bit) => (register >> bit & 1) != 0;
    }
}
#endif
