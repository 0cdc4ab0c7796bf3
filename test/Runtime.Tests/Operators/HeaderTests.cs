using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Octet.Runtime.Operators;

namespace Octet.Runtime.Tests;

/// <summary>The structs and places that the interop assumes are those of the header in ONNX Runtime's package.</summary>
public sealed partial class HeaderTests
{
    private static readonly string Header = Comments().Replace(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "onnxruntime_c_api.h")), "");

    [Fact]
    public void Functions_stand_in_their_places()
    {
        string[] members = Members("OrtApi");
        Assert.All(Enum.GetValues<OrtFunction>(), function => Assert.Equal(members[(int)function], function.ToString()));
    }

    [Fact]
    public void Fields_of_an_operator_are_the_header_s_in_its_order()
    {
        string[] fields = [.. typeof(OrtCustomOp).GetFields().OrderBy(field => (int)Marshal.OffsetOf<OrtCustomOp>(field.Name)).Select(field => field.Name)];
        Assert.Equal(["version", .. Members("OrtCustomOp")], fields);
    }

    [Fact]
    public void Element_types_have_the_header_s_numbers()
    {
        string[] types = [.. Body(@"typedef enum ONNXTensorElementDataType \{").Split(',').Select(type => type.Trim())];
        Assert.Equal((int)ElementType.Float, Array.IndexOf(types, "ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT"));
        Assert.Equal((int)ElementType.UInt8, Array.IndexOf(types, "ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8"));
        Assert.Equal((int)ElementType.Int8, Array.IndexOf(types, "ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8"));
        Assert.Equal((int)ElementType.Int32, Array.IndexOf(types, "ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32"));
    }

    // A struct's function pointers in order, whichever of the header's macros declares them.
    private static string[] Members(string type) =>
    [
        .. from Match member in Member().Matches(Body(@$"\nstruct {type} \{{"))
           select member.Groups["released"].Success ? "Release" + member.Groups["released"].Value : member.Groups["name"].Value,
    ];

    private static string Body(string opening)
    {
        Match start = Regex.Match(Header, opening);
        Assert.True(start.Success, opening);
        return Header[(start.Index + start.Length)..Header.IndexOf("\n}", start.Index, StringComparison.Ordinal)];
    }

    [GeneratedRegex(@"/\*.*?\*/|//[^\n]*", RegexOptions.Singleline)]
    private static partial Regex Comments();

    [GeneratedRegex(@"ORT_API2_STATUS\(\s*(?<name>\w+)|ORT_CLASS_RELEASE2?\((?<released>\w+)\)|\(\s*ORT_API_CALL\s*\*\s*(?<name>\w+)\s*\)|ORT_API_T\([^,]+,\s*(?<name>\w+)")]
    private static partial Regex Member();
}
