namespace Octet.Runtime.Tests;

[Collection(nameof(EnvironmentTests))]
public sealed class SelectionSettingsTests
{
    [Theory]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData(";;", null)]
    [InlineData("int8", "int8")]
    [InlineData(" int8 ", "int8")]
    [InlineData("direction=int8", "int8")]
    [InlineData("Direction = int8 ; other=float", "int8")]
    [InlineData("other=float", null)]
    [InlineData("int8;direction=float", "float")]
    [InlineData("direction=;int8", "int8")]
    [InlineData("direction=", null)]
    [InlineData("=int8", null)]
    public void Pin_for_a_model(string? pin, string? expected) => Assert.Equal(expected, new SelectionSettings { Pin = pin }.PinnedVariant("direction"));

    [Theory]
    [InlineData(null, null, true)]
    [InlineData("", null, true)]
    [InlineData("0", null, false)]
    [InlineData("false", null, false)]
    [InlineData(" False ", null, false)]
    [InlineData("1", null, true)]
    [InlineData(null, false, false)]
    [InlineData(null, true, true)]
    [InlineData("1", false, true)]
    [InlineData("0", true, false)]
    public void Measuring_is_switched_by_the_environment_then_by_the_application(string? variable, bool? setting, bool expected)
    {
        Environment.SetEnvironmentVariable(SelectionSettings.MeasureVariable, variable);
        AppDomain.CurrentDomain.SetData(SelectionSettings.MeasureSwitch, setting?.ToString());
        try
        {
            Assert.Equal(expected, SelectionSettings.Current.Measure);
        }
        finally
        {
            Environment.SetEnvironmentVariable(SelectionSettings.MeasureVariable, null);
            AppDomain.CurrentDomain.SetData(SelectionSettings.MeasureSwitch, null);
        }
    }

    [Fact]
    public void Pin_comes_from_the_environment()
    {
        Environment.SetEnvironmentVariable(SelectionSettings.PinVariable, "a=int8");
        try
        {
            Assert.Equal("int8", SelectionSettings.Current.PinnedVariant("a"));
        }
        finally
        {
            Environment.SetEnvironmentVariable(SelectionSettings.PinVariable, null);
        }
    }

    [Fact]
    public void Verdicts_lie_in_the_users_cache() =>
        Assert.Equal(Path.Combine(UserCacheFolder.Find()!, "selections"), SelectionSettings.Current.CacheFolder);
}
