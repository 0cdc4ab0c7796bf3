namespace Microsoft.Build.Framework;

/// <summary>
/// Tells MSBuild that a task may run beside the tasks of other projects in one process. MSBuild looks for the name
/// alone, so a task that must load into older versions declares it itself.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class MSBuildMultiThreadableTaskAttribute : Attribute;
