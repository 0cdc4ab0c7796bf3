using System.Collections.Concurrent;

namespace Octet.Torch.Interception;

/// <summary>Watches what TorchSharp asks of its native library.</summary>
internal interface INativeCallObserver
{
    /// <summary>Before a call.</summary>
    /// <param name="signature">The call's name and parameters.</param>
    /// <param name="arguments">The arguments; pointers as <see cref="nint"/>, those passed by reference as null.</param>
    /// <returns>What <see cref="Leave"/> is given.</returns>
    object? Enter(NativeSignature signature, object?[] arguments);

    /// <summary>After a call.</summary>
    /// <param name="token">What <see cref="Enter"/> returned.</param>
    /// <param name="signature">The call's name and parameters.</param>
    /// <param name="arguments">The arguments; those passed by reference with the values that they have got.</param>
    /// <param name="result">The return value; null where there is none.</param>
    void Leave(object? token, NativeSignature signature, object?[] arguments, object? result);

    /// <summary>Gives the callback by which a call would allocate an array for its results.</summary>
    /// <param name="token">What <see cref="Enter"/> returned.</param>
    /// <param name="allocator">The caller's callback.</param>
    /// <returns>A callback of the same type, which the call gets instead.</returns>
    Delegate Wrap(object? token, Delegate allocator);

    /// <summary>A module's forward or call begins.</summary>
    void EnterModule(object module);

    /// <summary>It ends.</summary>
    void LeaveModule(object module);
}

/// <summary>What a rewritten TorchSharp calls. Public because that is another assembly.</summary>
public static class NativeCalls
{
    private static readonly ConcurrentDictionary<string, NativeSignature> Signatures = new(StringComparer.Ordinal);

    /// <summary>Who is told; set before the first use of TorchSharp.</summary>
    internal static INativeCallObserver? Observer { get; set; }

    /// <summary>Begins a call.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="declaration">Its return type and parameters, as <c>IntPtr;IntPtr input,Int64 dim</c>.</param>
    /// <param name="arguments">Its arguments.</param>
    public static object? Enter(string name, string declaration, object?[] arguments) => Observer?.Enter(Signature(name, declaration), arguments);

    /// <summary>Gives the callback that stands in for the caller's.</summary>
    public static object Wrap(object? token, object allocator) => Observer is { } observer ? observer.Wrap(token, (Delegate)allocator) : allocator;

    /// <summary>Ends a call.</summary>
    public static void Leave(object? token, string name, string declaration, object?[] arguments, object? result) => Observer?.Leave(token, Signature(name, declaration), arguments, result);

    /// <summary>Begins a module's forward or call.</summary>
    public static void EnterModule(object module) => Observer?.EnterModule(module);

    /// <summary>Ends a module's forward or call.</summary>
    public static void LeaveModule(object module) => Observer?.LeaveModule(module);

    // Two forms of a name differ in their parameters.
    private static NativeSignature Signature(string name, string declaration) =>
        Signatures.GetOrAdd($"{name}({declaration})", static (_, given) => NativeSignature.Parse(given.name, given.declaration), (name, declaration));
}
