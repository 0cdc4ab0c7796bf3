// Renders the text-line images of samples/Quickstart:
//
//   dotnet run --project eng/RenderLines -- samples/Quickstart /usr/share/fonts/truetype/dejavu /usr/share/fonts/truetype/liberation
//
// The same seed, fonts and SkiaSharp version give the same bytes. The first argument is the folder that takes lines/ and
// images/; the others are TrueType files or folders of them; --seed=N changes what is drawn. The committed images were
// drawn with the DejaVu and Liberation families; neither licence reaches to an image of text, and no font is committed.

using System.Globalization;
using Octet.RenderLines;
using SkiaSharp;

const int ImagesPerClass = 40;
const int ImagesToClassify = 8;
const string SeedOption = "--seed=";

string[] paths = [.. args.Where(argument => !argument.StartsWith(SeedOption, StringComparison.Ordinal))];
string seedText = args.FirstOrDefault(argument => argument.StartsWith(SeedOption, StringComparison.Ordinal))?[SeedOption.Length..] ?? "1";
if (paths.Length < 2 || !int.TryParse(seedText, NumberStyles.None, CultureInfo.InvariantCulture, out int seed))
{
    Console.Error.WriteLine("usage: RenderLines OUTPUT-FOLDER FONT-FILE-OR-FOLDER... [--seed=1]");
    return 2;
}

// The extra-light face fades away at 32 pixels, and the mathematical one is not made for words.
string[] fontFiles =
[
    .. paths.Skip(1)
        .SelectMany(path => Directory.Exists(path) ? Directory.GetFiles(path, "*.ttf") : [path])
        .Where(path => !Path.GetFileName(path).Contains("ExtraLight", StringComparison.Ordinal) && !Path.GetFileName(path).Contains("Math", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal),
];
if (fontFiles.Length == 0)
{
    Console.Error.WriteLine("There is no .ttf file in the folders given.");
    return 1;
}

SKTypeface[] typefaces = [.. fontFiles.Select(file => SKTypeface.FromFile(file) ?? throw new InvalidDataException($"{file} is not a font."))];
string output = paths[0];
Random random = new(seed);

// Each text is used once, so that what the sample classifies was not seen in calibration.
string[] texts = [.. Texts.All];
random.Shuffle(texts);
Queue<string> remaining = new(texts);

foreach ((string folder, bool upsideDown) in new[] { ("upright", false), ("upside-down", true) })
{
    for (int index = 0; index < ImagesPerClass; index++)
        Write(Path.Combine("lines", folder, FileName(index)), upsideDown);
}

List<string> labels = ["file,label"];
bool[] directions = [.. Enumerable.Range(0, ImagesToClassify).Select(index => index % 2 == 1)];
random.Shuffle(directions);
for (int index = 0; index < ImagesToClassify; index++)
{
    Write(Path.Combine("images", FileName(index)), directions[index]);
    labels.Add($"{FileName(index)},{(directions[index] ? "upside-down" : "upright")}");
}

File.WriteAllText(Path.Combine(output, "images", "labels.csv"), string.Join('\n', labels) + "\n");
return 0;

void Write(string relativePath, bool upsideDown)
{
    string path = Path.Combine(output, relativePath);
    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
    LineStyle style = LineStyle.Draw(random, typefaces);
    File.WriteAllBytes(path, LineImage.Render(remaining.Dequeue(), style, upsideDown));
}

static string FileName(int index) => $"{index + 1:00}.png";
