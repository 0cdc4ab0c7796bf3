using CsCheck;

namespace Octet.Runtime.Tests;

public sealed class AgreementTests
{
    [Fact]
    public void Sqnr_of_a_known_pair() =>
        // Signal 9 + 16 = 25, noise 0.25: 20 dB.
        Assert.Equal(20, Agreement.SqnrDb([3, 4], [3.5f, 4]), 9);

    [Theory]
    [InlineData(new float[0], new float[0], 200)]
    [InlineData(new[] { 1f, 2f }, new[] { 1f, 2f }, 200)]
    [InlineData(new[] { 0f, 0f }, new[] { 0f, 0f }, 200)]
    [InlineData(new[] { 0f, 0f }, new[] { 0f, 1f }, -200)]
    [InlineData(new[] { 1f, 2f }, new[] { 1f, float.NaN }, -200)]
    [InlineData(new[] { 1f, 2f }, new[] { 1f, float.PositiveInfinity }, -200)]
    [InlineData(new[] { 1f, float.NegativeInfinity }, new[] { 1f, float.NegativeInfinity }, 200)]
    [InlineData(new[] { 1f, float.NegativeInfinity }, new[] { 1f, float.PositiveInfinity }, -200)]
    [InlineData(new[] { 1f, float.NegativeInfinity }, new[] { 1f, -1e30f }, -200)]
    [InlineData(new[] { 1f, float.NaN }, new[] { 1f, float.NaN }, 200)]
    public void Sqnr_at_the_edges(float[] reference, float[] actual, double expected) => Assert.Equal(expected, Agreement.SqnrDb(reference, actual));

    [Fact]
    public void Sqnr_of_huge_values_does_not_overflow() => Assert.Equal(0, Agreement.SqnrDb([float.MaxValue], [0]), 9);

    [Fact]
    public void Sqnr_follows_the_noise() => Gen.Select(Gen.Float[0.5f, 2f].Array[1, 50], Gen.Double[1e-3, 0.5]).Sample((reference, relative) =>
    {
        float[] actual = [.. reference.Select(value => (float)(value * (1 + relative)))];
        Assert.Equal(-20 * Math.Log10(relative), Agreement.SqnrDb(reference, actual), 1e-1);
    });

    [Fact]
    public void Sqnr_does_not_depend_on_the_scale() => Gen.Select(Gen.Float[-1f, 1f].Array[8], Gen.Float[-1f, 1f].Array[8]).Sample((reference, actual) =>
        Assert.Equal(
            Agreement.SqnrDb(reference, actual),
            Agreement.SqnrDb([.. reference.Select(value => value * 1024)], [.. actual.Select(value => value * 1024)]),
            1e-6));

    [Fact]
    public void Different_lengths_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Agreement.SqnrDb([1], [1, 2]));
        Assert.Throws<ArgumentException>(() => Agreement.TopClassAgreement([1], [1, 2], 1));
        Assert.Throws<ArgumentException>(() => Agreement.TopClassAgreement([1, 2, 3], [1, 2, 3], 2));
        Assert.Throws<ArgumentException>(() => Agreement.TopClassAgreement([1], [1], 0));
    }

    [Theory]
    [InlineData(new long[] { 1, 1000 }, true)]
    [InlineData(new long[] { 4, 2 }, true)]
    [InlineData(new long[] { 1, 1000, 1, 1 }, true)]
    [InlineData(new long[] { 1, 1000, 1, 1, 1 }, true)]
    [InlineData(new long[] { 1, 512, 1 }, false)]
    [InlineData(new long[] { 1, 512, 16, 1 }, false)]
    [InlineData(new long[] { 1, 1 }, false)]
    [InlineData(new long[] { 1, 1, 1, 1 }, false)]
    [InlineData(new long[] { 10 }, false)]
    [InlineData(new long[] { }, false)]
    [InlineData(new long[] { 1, 10, 10 }, false)]
    [InlineData(new long[] { 1, 1, 10 }, false)]
    public void Classes_are_told_by_shape(long[] shape, bool expected) => Assert.Equal(expected, Agreement.LooksLikeClasses(shape));

    [Fact]
    public void Top_classes_of_known_rows()
    {
        float[] reference = [0, 1, 2, /**/ 5, 4, 3, /**/ 7, 7, 0, /**/ 1, 2, 3];
        float[] actual = [0, 1, 9, /**/ 4, 5, 3, /**/ 8, 8, 9, /**/ 1, float.NaN, 3];

        Assert.Equal(0.25, Agreement.TopClassAgreement(reference, actual, 3));
        Assert.Equal(1, Agreement.TopClassAgreement(reference, reference, 3));
        Assert.Equal(1, Agreement.TopClassAgreement([], [], 3));
    }

    [Fact]
    public void Rows_that_are_not_numbers_agree_with_nothing() =>
        Assert.Equal(0, Agreement.TopClassAgreement([float.NaN, 1], [float.NaN, 1], 2));

    [Fact]
    public void Top_classes_survive_any_growing_function() => Gen.Float[-3f, 3f].Array[12].Sample(scores =>
        Assert.Equal(1, Agreement.TopClassAgreement(scores, [.. scores.Select(score => score * 8)], 4)));
}
