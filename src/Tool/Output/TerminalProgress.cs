using Octet.Quantization;
using Spectre.Console;

namespace Octet.Tool.Output;

/// <summary>What is going on: a spinner on a terminal, plain lines elsewhere. Goes to the error output, so that results can be piped.</summary>
internal static class TerminalProgress
{
    private static readonly IAnsiConsole Terminal = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    /// <summary>Runs the work and shows its progress.</summary>
    public static T Show<T>(string title, Func<IProgress<QuantizationProgress>, T> work)
    {
        if (Console.IsErrorRedirected || !Terminal.Profile.Capabilities.Interactive)
            return work(new Lines());
        return Terminal.Status().Start(Markup.Escape(title), context => work(new Spinner(context)));
    }

    private sealed class Lines : IProgress<QuantizationProgress>
    {
        public void Report(QuantizationProgress value) => Console.Error.WriteLine($"{value.Model}: {value.Activity}");
    }

    private sealed class Spinner(StatusContext context) : IProgress<QuantizationProgress>
    {
        public void Report(QuantizationProgress value) => context.Status($"{Markup.Escape(value.Model)}: {Markup.Escape(value.Activity)}");
    }
}
