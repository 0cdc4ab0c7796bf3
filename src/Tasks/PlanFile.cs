using System.Text;

namespace Octet.Tasks;

/// <summary>
/// The file that tells the tool what to do: <c>--key=value</c> a line, nothing quoted. Lines after a <c>--model=</c>
/// belong to that model. It changes only when the work does, and so decides with the files whether the tool runs.
/// </summary>
internal static class PlanFile
{
    /// <param name="common">The settings of the whole run, in order.</param>
    /// <param name="models">The models, in the project's order.</param>
    public static string Render(IEnumerable<KeyValuePair<string, string>> common, IEnumerable<ModelItem> models)
    {
        StringBuilder plan = new();
        foreach (KeyValuePair<string, string> setting in common)
            Append(plan, setting.Key, setting.Value);
        foreach (ModelItem model in models)
        {
            Append(plan, "model", model.Path);
            Append(plan, "name", model.Name);
            Append(plan, "shim-name", model.ShimName);
            Append(plan, "link", model.Link);
            foreach (KeyValuePair<string, string> setting in model.Settings)
                Append(plan, setting.Key, setting.Value);
        }
        return plan.ToString();
    }

    // Metadata may be written over several lines of the project file; a line of the plan is one setting.
    private static void Append(StringBuilder plan, string key, string value) =>
        plan.Append("--").Append(key).Append('=').Append(value.Replace("\r", "").Replace('\n', ' ')).Append('\n');
}
