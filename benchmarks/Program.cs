using System.Globalization;
using Octet.Benchmarks;

return args switch
{
    ["calibration", ..] => CalibrationBenchmark.Run(args),
    ["calibration-once", string model, string data, string output, string method, string inputs] =>
        CalibrationBenchmark.RunOnce(model, data, output, method, int.Parse(inputs, CultureInfo.InvariantCulture)),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("dotnet run --project benchmarks -c Release -- calibration [--method M] [--inputs N] [--repetitions N]");
    return 2;
}
