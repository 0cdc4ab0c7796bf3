using System.Diagnostics;
using System.Globalization;
using Octet.Runtime;

namespace Octet.Benchmarks;

/// <summary>What Octet adds to an unchanged <c>dotnet build</c>: the same application with the package and without, built in turns.</summary>
internal static class BuildOverheadBenchmark
{
    private const int Rounds = 15;

    public static int Run(string repository)
    {
        string folder = Path.Combine(Path.GetTempPath(), "octet-build-overhead");
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        string feed = Path.Combine(folder, "feed");
        Execute(repository, Path.Combine(repository, "eng", "pack.sh"), feed);
        string version = Path.GetFileNameWithoutExtension(Directory.GetFiles(feed, "Octet.Tool.*.nupkg").Single())["Octet.Tool.".Length..];

        string plain = WriteProject(folder, "PlainApp", feed, repository, "");
        string octet = WriteProject(folder, "QuantizedApp", feed, repository, $"""
              <PropertyGroup>
                <QuantizeModels>true</QuantizeModels>
                <QuantizeModelsCachePath>{Path.Combine(folder, "cache")}</QuantizeModelsCachePath>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Octet" Version="{version}" />
                <QuantizeModel Include="models/direction.onnx" CalibrationData="lines/**/*.png" Labels="folders" Preprocessing="scale=1/255;mean=0.5;std=0.5;channels=bgr;size=48x192;resize=fit" />
              </ItemGroup>
            """);
        foreach (string project in new[] { plain, octet })
            Execute(project, "dotnet", "build");

        List<(double Plain, double Octet)> rounds = [];
        for (int round = 0; round <= Rounds; round++)
        {
            double first = Execute(round % 2 == 0 ? plain : octet, "dotnet", "build");
            double second = Execute(round % 2 == 0 ? octet : plain, "dotnet", "build");
            // The first round only warms up.
            if (round > 0)
                rounds.Add(round % 2 == 0 ? (first, second) : (second, first));
        }
        double[] differences = [.. rounds.Select(pair => pair.Octet - pair.Plain)];
        ConfidenceInterval interval = RobustStatistics.MedianInterval(differences);
        Console.WriteLine($"unchanged dotnet build, {Rounds} rounds in turns ({MachineDescription.Current.Cpu}, {MachineDescription.Current.Cores} cores)");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"without Octet median {RobustStatistics.Median([.. rounds.Select(pair => pair.Plain)]):0} ms"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"with Octet    median {RobustStatistics.Median([.. rounds.Select(pair => pair.Octet)]):0} ms"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"difference    median {RobustStatistics.Median(differences):0} ms, 95 % interval {interval.Low:0} to {interval.High:0} ms"));
        return 0;
    }

    private static string WriteProject(string folder, string name, string feed, string repository, string more)
    {
        string project = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.Combine(project, "models"));
        foreach (string file in new[] { "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props" })
            File.WriteAllText(Path.Combine(project, file), "<Project />");
        File.WriteAllText(Path.Combine(project, "nuget.config"), $"""<configuration><packageSources><add key="octet" value="{feed}" /></packageSources></configuration>""");
        File.WriteAllText(Path.Combine(project, "Program.cs"), "System.Console.WriteLine(\"hello\");");
        File.WriteAllText(Path.Combine(project, $"{name}.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Microsoft.ML.OnnxRuntime" Version="1.31.1" />
                <None Update="models/*.onnx" CopyToOutputDirectory="PreserveNewest" />
              </ItemGroup>
              {more}
            </Project>
            """);
        File.Copy(Path.Combine(repository, "testassets", "models", "direction.onnx"), Path.Combine(project, "models", "direction.onnx"));
        foreach (string image in Directory.EnumerateFiles(Path.Combine(repository, "samples", "Quickstart", "lines"), "*.png", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(project, Path.GetRelativePath(Path.Combine(repository, "samples", "Quickstart"), image));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(image, copy);
        }
        return project;
    }

    /// <summary>Runs a command to its end and returns the milliseconds that it took.</summary>
    private static double Execute(string folder, string command, params string[] arguments)
    {
        ProcessStartInfo start = new(command, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true };
        Stopwatch watch = Stopwatch.StartNew();
        using Process process = Process.Start(start)!;
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? watch.Elapsed.TotalMilliseconds : throw new InvalidOperationException(said);
    }
}
