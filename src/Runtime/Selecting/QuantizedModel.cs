using Microsoft.ML.OnnxRuntime;
using Octet.Runtime;

namespace Octet;

/// <summary>A model with the variants that the build made of it.</summary>
/// <remarks>
/// The first call of <see cref="CreateSession"/> or <see cref="Selection"/> decides which variant this process uses: every variant is
/// measured for about a second on stored inputs, on the processor, with the threads and the optimization level of the session options at
/// hand, and the fastest one that agrees with the float model is taken. The outcome is kept in the user's cache folder, so that later starts
/// measure nothing. <c>OCTET_VARIANT</c> in the environment pins a variant, <c>OCTET_STARTUP_BENCHMARK=0</c> takes the build's choice.
/// All members may be used from several threads.
/// </remarks>
public class QuantizedModel
{
    /// <summary>One measurement at a time in a process: two at once would measure each other.</summary>
    private static readonly object MeasurementGate = new();

    private readonly string _manifestPath;
    private readonly SelectionSettings? _settings;
    private volatile Selection? _selection;

    /// <summary>Names a model; nothing is opened before it is used.</summary>
    /// <param name="name">The model's name, as in OCTET_VARIANT and in logs.</param>
    /// <param name="manifestPath">Its manifest, relative to the application's folder, with '/' between folders.</param>
    public QuantizedModel(string name, string manifestPath)
        : this(name, manifestPath, settings: null)
    {
    }

    /// <param name="name">The model's name.</param>
    /// <param name="manifestPath">Its manifest.</param>
    /// <param name="settings">Instead of the environment's; null for that.</param>
    internal QuantizedModel(string name, string manifestPath, SelectionSettings? settings)
    {
        Name = name;
        _manifestPath = Path.Combine(AppContext.BaseDirectory, manifestPath.Replace('/', Path.DirectorySeparatorChar));
        _settings = settings;
    }

    /// <summary>The model's name.</summary>
    public string Name { get; }

    /// <summary>The variant that this process uses, and why. Where no session was created yet, variants are measured with default session options.</summary>
    public Selection Selection => Select(options: null);

    /// <summary>Opens the selected variant: takes the place of <c>new InferenceSession(path, options)</c>.</summary>
    /// <param name="options">
    /// Given to ONNX Runtime as they are, but for the operators of <see cref="QuantizedOperators"/>, which are registered where the variant needs them. Null for
    /// its defaults, with the number of threads that is fastest for the variant (<see cref="Selection.RecommendedThreads"/>). They stay the caller's to dispose.
    /// </param>
    /// <returns>A session, the caller's to dispose.</returns>
    /// <exception cref="FileNotFoundException">The float model is needed and is not there.</exception>
    /// <exception cref="OnnxRuntimeException">The float model cannot be opened; a variant that cannot is replaced by the float model.</exception>
    public InferenceSession CreateSession(SessionOptions? options = null)
    {
        Selection selection = Select(options);
        if (selection.Variant == ModelManifest.FloatVariant)
            return Open(selection, options);
        try
        {
            return Open(selection, options);
        }
        // The float model is the answer to whatever a variant does; what is wrong with the options shows there once more.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Selection replaced = FallBack(selection, Fault.Of(e));
            InferenceSession session = Open(replaced, options);
            _selection = replaced;
            return session;
        }
    }

    private Selection Select(SessionOptions? options)
    {
        if (_selection is Selection selection)
            return selection;
        lock (MeasurementGate)
        {
            return _selection ??= new VariantSelector(
                Name, _manifestPath, SessionConditions.Of(options), _settings ?? SelectionSettings.Current).Select();
        }
    }

    private static Selection FallBack(Selection failed, string fault) => failed with
    {
        Variant = ModelManifest.FloatVariant,
        Path = failed.FloatPath,
        RecommendedThreads = null,
        CustomOperators = false,
        Reason = $"{failed.Variant} was selected but could not be opened: {fault}",
        Candidates =
        [
            .. failed.Candidates.Select(candidate => candidate.Variant == failed.Variant
                ? candidate with { State = CandidateState.Failed, Reason = fault }
                : candidate),
        ],
    };

    private InferenceSession Open(Selection selection, SessionOptions? options)
    {
        string path = selection.Path;
        if (!File.Exists(path))
        {
            throw new FileNotFoundException(
                $"The model '{Name}' cannot be opened: '{path}' does not exist. Copy the models from the build's output along with the application.", path);
        }
        using SessionOptions? own = options is null ? new SessionOptions() : null;
        if (own is not null && selection.RecommendedThreads is int threads)
            own.IntraOpNumThreads = threads;
        SessionOptions used = options ?? own!;
        if (selection.CustomOperators)
            QuantizedOperators.Register(used);
        return new InferenceSession(path, used);
    }
}
