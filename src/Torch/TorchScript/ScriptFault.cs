namespace Octet.Torch.TorchScript;

/// <summary>A place in the code of an archive.</summary>
/// <param name="File">The entry, such as <c>code/__torch__.py</c>.</param>
/// <param name="Line">From 1 on.</param>
internal readonly record struct ScriptPlace(string File, int Line)
{
    public override string ToString() => $"{File}:{Line}";
}

/// <summary>Why a script cannot be run: the code of the diagnostic with the arguments of its text.</summary>
internal sealed class ScriptFault : Exception
{
    private ScriptFault(string code, string reason, ScriptPlace place, Exception? inner = null)
        : base(reason, inner)
    {
        Code = code;
        Place = place;
    }

    /// <summary>OCT and four digits.</summary>
    public string Code { get; }

    /// <summary>Where in the script.</summary>
    public ScriptPlace Place { get; }

    /// <summary>The code is not of the part of Python that TorchScript writes.</summary>
    public static ScriptFault Syntax(ScriptPlace place, string reason) => new("OCT2131", reason, place);

    /// <summary>An operator of libtorch has no counterpart here, or not in this form.</summary>
    public static ScriptFault UnknownOperator(ScriptPlace place, string what) => new("OCT2132", what, place);

    /// <summary>The script cannot be run on.</summary>
    public static ScriptFault Running(ScriptPlace place, string reason, Exception? inner = null) => new("OCT2133", reason, place, inner);
}
