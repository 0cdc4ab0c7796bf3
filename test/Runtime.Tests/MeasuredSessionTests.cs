using Microsoft.ML.OnnxRuntime;

namespace Octet.Runtime.Tests;

public sealed class MeasuredSessionTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1000)]
    public void Any_number_of_threads_gives_a_session(int threads)
    {
        using SessionOptions options = MeasuredSession.CreateOptions(threads, GraphOptimizationLevel.ORT_ENABLE_BASIC);
        using var session = new InferenceSession(OnnxModel.MatMul(2, 1, [1, 2]), options);

        Assert.Equal(threads, options.IntraOpNumThreads);
        Assert.Equal(GraphOptimizationLevel.ORT_ENABLE_BASIC, options.GraphOptimizationLevel);
        Assert.Equal(["y"], session.OutputNames);
    }
}
