// Keeps to the file protocol of `octet build @octet.rsp`, but quantizes nothing: a model is a text whose lines say what
// to do. print TEXT, error TEXT (to stderr), sleep SECONDS, exit CODE (before anything is written), crash, once FILE (goes
// on only if there is no such file, and makes it), slower (no variant ships). Other lines are just content. A checkpoint's
// float model ships too; it holds the length of the module's assembly, which must be there.
using System.Globalization;

string planPath = args is ["build", ['@', .. var path]] ? path : throw new ArgumentException("build @PLAN is expected");
(string Key, string Value)[] plan = [.. File.ReadLines(planPath).Select(line => line.TrimStart('-').Split('=', 2)).Select(pair => (pair[0], pair[1]))];
string output = plan.Single(setting => setting.Key == "output").Value;
List<string> outputs = [], models = [], summary = [];

int[] starts = [.. Enumerable.Range(0, plan.Length).Where(i => plan[i].Key == "model"), plan.Length];
for (int i = 0; i + 1 < starts.Length; i++)
{
    Dictionary<string, string> model = plan[starts[i]..starts[i + 1]].DistinctBy(setting => setting.Key).ToDictionary(setting => setting.Key, setting => setting.Value);
    Quantize(model["model"], model["name"], model["link"]);
    if (model.ContainsKey("checkpoint"))
        Ship(model["link"], $"exported with an assembly of {new FileInfo(model["module-assembly"]).Length} bytes");
}

Write("summary.txt", [.. summary]);
Write("models.txt", [.. models]);
Write("report.md", ["# Report"]);
Write("report.html", ["<html></html>"]);
Write("outputs.txt", [.. outputs, .. new[] { "summary.txt", "models.txt", "report.md", "report.html", "outputs.txt", "report.json" }.Select(file => $"{Path.Combine(output, file)}|")]);
Write("report.json", ["{ \"schema\": 1 }"]);
return 0;

void Quantize(string model, string name, string link)
{
    string[] script = File.ReadAllLines(model);
    foreach (string line in script.TakeWhile(IsToBeDone))
    {
        string argument = line[(line.IndexOf(' ') + 1)..];
        switch (line.Split(' ')[0])
        {
            case "print":
                Console.WriteLine(argument);
                break;
            case "error":
                Console.Error.WriteLine(argument);
                break;
            case "sleep":
                Thread.Sleep(TimeSpan.FromSeconds(double.Parse(argument, CultureInfo.InvariantCulture)));
                break;
            case "exit":
                Environment.Exit(int.Parse(argument, CultureInfo.InvariantCulture));
                break;
            case "crash":
                throw new InvalidOperationException("crash was asked for");
        }
    }

    bool isFaster = !script.Contains("slower");
    string folder = link[..(link.LastIndexOf('/') + 1)];
    if (isFaster)
        Ship($"{folder}{name}.int8.onnx", "int8 of " + string.Join(' ', script));
    Ship($"{folder}{name}.octet.json", "{}");
    Ship($"{folder}{name}.probe.npz", "probe");
    models.Add($"{name}\t{(isFaster ? "int8" : "float")}\tx: float[N,3,H,W]\ty: float[N,2]");
    summary.Add($"| {name} | {(isFaster ? "int8" : "float")} |");
}

static bool IsToBeDone(string line)
{
    if (!line.StartsWith("once ", StringComparison.Ordinal))
        return true;
    bool isFirst = !File.Exists(line["once ".Length..]);
    File.WriteAllText(line["once ".Length..], "");
    return isFirst;
}

void Ship(string link, string content)
{
    string file = Path.Combine("variants", link);
    Write(file, [content]);
    outputs.Add($"{Path.Combine(output, file)}|{link}");
}

void Write(string file, string[] lines)
{
    string target = Path.Combine(output, file);
    Directory.CreateDirectory(Path.GetDirectoryName(target)!);
    File.WriteAllLines(target + ".tmp", lines);
    File.Move(target + ".tmp", target, overwrite: true);
}
