using System.Globalization;
using Octet.Benchmarks;

return args switch
{
    ["calibration", ..] => CalibrationBenchmark.Run(args),
    ["calibration-once", string model, string data, string output, string method, string inputs] =>
        CalibrationBenchmark.RunOnce(model, data, output, method, int.Parse(inputs, CultureInfo.InvariantCulture)),
    ["accuracy", ..] => AccuracyBenchmark.Run(args, Repository()),
    ["build-overhead"] => BuildOverheadBenchmark.Run(Repository()),
    ["operators"] => OperatorsBenchmark.Run(),
    ["peak"] => PeakBenchmark.Run(),
    ["speed", ..] => SpeedBenchmark.Run(args, Repository()),
    ["training"] => TrainingBenchmark.Run(),
    ["all"] => All(Repository()),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("dotnet run --project benchmarks -c Release -- calibration [--method M] [--inputs N] [--repetitions N] | accuracy [--model NAME] [--layers] | build-overhead | operators | peak | speed [--model NAME] [--threads N] [--budget S] [--max-accuracy-drop D] [--large] [--nodes] | training | all");
    return 2;
}

// The tables of README.md, in its order.
static int All(string repository)
{
    (string Name, Func<int> Run)[] tables =
    [
        ("speed, one thread", () => SpeedBenchmark.Run(["speed", "--large", "--nodes"], repository)),
        ("speed, two threads", () => SpeedBenchmark.Run(["speed", "--large", "--nodes", "--threads", "2"], repository)),
        ("peak", PeakBenchmark.Run),
        ("operators", OperatorsBenchmark.Run),
        ("calibration", () => CalibrationBenchmark.Run([])),
        ("accuracy", () => AccuracyBenchmark.Run([], repository)),
        ("training", TrainingBenchmark.Run),
        ("build-overhead", () => BuildOverheadBenchmark.Run(repository)),
    ];
    int failed = 0;
    foreach ((string name, Func<int> run) in tables)
    {
        Console.WriteLine($"## {name}");
        Console.WriteLine();
        failed |= run();
        Console.WriteLine();
    }
    return failed;
}

// The benchmarks run from a checkout: the folder with the solution lies above the binaries.
static string Repository()
{
    DirectoryInfo? folder = new(AppContext.BaseDirectory);
    while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Octet.slnx")))
        folder = folder.Parent;
    return folder?.FullName ?? throw new InvalidOperationException("The benchmarks run from a checkout of the repository.");
}
