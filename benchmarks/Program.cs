using Octet.Benchmarks;

return args switch
{
    ["calibration", ..] => CalibrationBenchmark.Run(args),
    ["calibration-once", string model, string data, string output] => CalibrationBenchmark.RunOnce(model, data, output),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("dotnet run --project benchmarks -c Release -- calibration");
    return 2;
}
