using System.Text.Json;
using NetworkRunner;
using Octet.Torch.Interception;
using Octet.Torch.Tracing;

// Arguments: the assembly with the networks, a folder for the rewritten copy, folders of the native libraries. Requests and responses are lines of JSON.
TorchSharpLibrary.Use(args[0], args[1], args[2]);
Recorder recorder = new();
NativeCalls.Observer = recorder;
Cases cases = new(args[0], recorder, args[3..]);
while (Console.ReadLine() is { } line)
{
    CaseResponse response = cases.Run(JsonSerializer.Deserialize<CaseRequest>(line)!);
    Console.WriteLine(JsonSerializer.Serialize(response));
}
