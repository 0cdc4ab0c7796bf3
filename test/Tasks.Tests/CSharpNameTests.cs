namespace Octet.Tasks.Tests;

public class CSharpNameTests
{
    [Theory]
    [InlineData("direction", "Direction")]
    [InlineData("ch_ppocr_mobile_v2.0_cls_infer", "ChPpocrMobileV20ClsInfer")]
    [InlineData("textDetector", "TextDetector")]
    [InlineData("3d-pose", "_3dPose")]
    [InlineData("größe ß", "Größeß")]
    [InlineData("class", "Class")]
    [InlineData("---", "_")]
    [InlineData("quantized_models", "QuantizedModelsModel")]
    [InlineData("equals", "EqualsModel")]
    [InlineData("get-type", "GetTypeModel")]
    public void A_file_name_becomes_a_member(string fileName, string member)
    {
        Assert.Equal(member, CSharpName.Member(fileName));
        Assert.True(CSharpName.IsMember(member));
    }

    [Theory]
    [InlineData("")]
    [InlineData("2d")]
    [InlineData("a b")]
    [InlineData("a-b")]
    [InlineData("class")]
    [InlineData("ToString")]
    [InlineData("QuantizedModels")]
    public void Some_names_cannot_be_members(string name) => Assert.False(CSharpName.IsMember(name));

    [Theory]
    [InlineData("App", "App")]
    [InlineData("My.App", "My.App")]
    [InlineData("My-App.2.New", "My_App._2.New")]
    [InlineData("my.class", "my.@class")]
    [InlineData("", "")]
    public void A_root_namespace_is_mended(string rootNamespace, string expected) => Assert.Equal(expected, CSharpName.Namespace(rootNamespace));
}
