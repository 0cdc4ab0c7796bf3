using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Measurement;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Search;

/// <summary>Runs models in ONNX Runtime, on the machine at hand.</summary>
/// <param name="inputs">What they run on; the caller's to dispose, afterwards.</param>
/// <param name="threads">Intra-operator threads; 0 is ONNX Runtime's own choice.</param>
/// <param name="scratch">A folder for working copies.</param>
/// <param name="effort">The time for one profile or comparison, loading not included; a few runs are always made.</param>
/// <param name="cancellation">Stops between two runs.</param>
public sealed class RegionBench(RunInputs inputs, int threads, string scratch, TimeSpan effort, CancellationToken cancellation = default) : IRegionBench
{
    private const int FewestProfiledRuns = 4;
    private const int MostProfiledRuns = 100;

    /// <inheritdoc/>
    public (NodeProfile Reference, NodeProfile Candidate) Profile(ModelProto reference, ModelProto candidate)
    {
        using ProfiledModel first = new(reference, threads, scratch);
        using ProfiledModel second = new(candidate, threads, scratch);
        Stopwatch elapsed = Stopwatch.StartNew();
        for (int runs = 0; runs < MostProfiledRuns && (runs < FewestProfiledRuns || elapsed.Elapsed < effort); runs++)
        {
            cancellation.ThrowIfCancellationRequested();
            // Twice each: the first finds the caches as the other model left them.
            ProfiledModel[] turns = runs % 2 == 0 ? [first, first, second, second] : [second, second, first, first];
            foreach (ProfiledModel turn in turns)
                turn.Run(inputs);
        }
        return (first.Read(reference), second.Read(reference));
    }

    /// <inheritdoc/>
    public IReadOnlyList<SpeedRatio> Compare(ModelProto candidate, params IReadOnlyList<ModelProto> others)
    {
        List<WorkingCopy> copies = [];
        List<ModelSession> sessions = [];
        try
        {
            foreach (ModelProto model in others.Prepend(candidate))
            {
                copies.Add(new WorkingCopy(model, scratch));
                sessions.Add(new ModelSession(copies[^1].Path, threads));
            }
            // As few as give an interval: a search compares often, and what it keeps is measured again.
            TimingOptions options = new() { Budget = effort, MinimumWarmups = 2, MinimumRounds = 7 };
            IReadOnlyList<TimingResult> results = InterleavedTiming.Measure([.. sessions.Select(session => session.Repeatable(inputs))], options, cancellation);
            return [.. results.Skip(1).Select(other => Ratio(other.LatenciesMilliseconds, results[0].LatenciesMilliseconds))];
        }
        finally
        {
            foreach (IDisposable used in sessions.Concat<IDisposable>(copies))
                used.Dispose();
        }
    }

    private static SpeedRatio Ratio(IReadOnlyList<double> other, IReadOnlyList<double> candidate)
    {
        double[] ratios = [.. other.Zip(candidate, (slow, fast) => slow / fast)];
        ConfidenceInterval interval = RobustStatistics.MedianInterval(ratios);
        return new SpeedRatio(RobustStatistics.Median(ratios), Math.Max(0, interval.Low), interval.High);
    }

    private sealed class ProfiledModel : IDisposable
    {
        private readonly WorkingCopy _copy;
        private readonly string _optimized;
        private readonly ProfiledSession _session;

        public ProfiledModel(ModelProto model, int threads, string scratch)
        {
            _copy = new WorkingCopy(model, scratch);
            _optimized = Path.Combine(scratch, $"optimized-{Guid.NewGuid():N}.onnx");
            try
            {
                _session = new ProfiledSession(_copy.Path, threads, scratch, _optimized);
            }
            catch (OnnxRuntimeException)
            {
                _copy.Dispose();
                throw;
            }
        }

        public void Run(RunInputs inputs) => _session.Run(inputs);

        public NodeProfile Read(ModelProto reference)
        {
            // Not OnnxFile, as in OptimizedGraph: this graph may have no node left.
            using FileStream stream = File.OpenRead(_optimized);
            return NodeProfile.Of(reference, ModelProto.Parser.ParseFrom(stream), _session.End());
        }

        public void Dispose()
        {
            _session.Dispose();
            _copy.Dispose();
            File.Delete(_optimized);
        }
    }

    /// <summary>A model's files for as long as they are needed.</summary>
    private sealed class WorkingCopy : IDisposable
    {
        private readonly IReadOnlyList<string> _files;

        public WorkingCopy(ModelProto model, string scratch)
        {
            Directory.CreateDirectory(scratch);
            _files = OnnxFile.Write(model, System.IO.Path.Combine(scratch, $"candidate-{Guid.NewGuid():N}.onnx"));
        }

        public string Path => _files[0];

        public void Dispose()
        {
            foreach (string file in _files)
                File.Delete(file);
        }
    }
}
