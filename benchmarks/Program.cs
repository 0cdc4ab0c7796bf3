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
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("dotnet run --project benchmarks -c Release -- calibration [--method M] [--inputs N] [--repetitions N] | accuracy [--model NAME] [--layers] | build-overhead | operators");
    return 2;
}

// The benchmarks run from a checkout: the folder with the solution lies above the binaries.
static string Repository()
{
    DirectoryInfo? folder = new(AppContext.BaseDirectory);
    while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Octet.slnx")))
        folder = folder.Parent;
    return folder?.FullName ?? throw new InvalidOperationException("The benchmarks run from a checkout of the repository.");
}
