using System.Globalization;
using System.Xml.Linq;

namespace Octet.Quantization.Reporting.Html;

/// <summary>Where it was measured, and how to read the figures.</summary>
internal static class MachineSection
{
    public static XElement Render(QuantizationReport report) => Markup.Tag(
        "footer",
        Markup.Class("machine"),
        Markup.Tag("h2", "The machine"),
        Markup.Tag(
            "dl",
            Entry("Processor", report.Machine.Cpu),
            Entry("Features", string.Join(", ", report.Machine.Features)),
            Entry("Cores", report.Machine.Cores.ToString(CultureInfo.InvariantCulture)),
            Entry("System", report.Machine.Os),
            Entry("ONNX Runtime", report.Machine.OnnxRuntime),
            Entry("Measured with", report.Models.IsEmpty ? "" : Wording.Conditions(report))),
        Markup.Tag(
            "p",
            Markup.Class("note"),
            "Speed-up is the median of paired ratios, float over variant, with its 95 % interval. Integer coverage counts the compute nodes that "
            + "ONNX Runtime runs in integer kernels, out of all; conversions are the quantize and dequantize nodes that are left. "
            + "Figures hold for this machine: 1 KB is 1024 bytes, and ± is the median absolute deviation."));

    private static XElement? Entry(string term, string value) =>
        string.IsNullOrWhiteSpace(value) ? null : Markup.Tag("div", Markup.Tag("dt", term), Markup.Tag("dd", value));
}
