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

    /// <summary>Runs the work and shows the share of it that is done: a bar on a terminal, nothing elsewhere.</summary>
    public static T ShowBar<T>(string title, Func<IProgress<double>?, T> work)
    {
        if (Console.IsErrorRedirected || !Terminal.Profile.Capabilities.Interactive)
            return work(null);
        return Terminal.Progress().AutoClear(true).HideCompleted(true).Start(context => work(new Bar(context.AddTask(Markup.Escape(title), maxValue: 1))));
    }

    private sealed class Bar(ProgressTask task) : IProgress<double>
    {
        public void Report(double value) => task.Value = value;
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
