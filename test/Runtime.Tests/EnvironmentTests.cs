namespace Octet.Runtime.Tests;

/// <summary>Tests that set variables of this process, which all others would see, run one after the other and alone.</summary>
[CollectionDefinition(nameof(EnvironmentTests), DisableParallelization = true)]
public sealed class EnvironmentTests;
