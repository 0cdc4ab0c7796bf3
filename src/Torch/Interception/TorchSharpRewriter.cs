using System.Security.Cryptography;
using System.Text;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;
using Octet.Quantization;

namespace Octet.Torch.Interception;

/// <summary>
/// Makes a copy of TorchSharp.dll that tells <see cref="NativeCalls"/> of every call into its native library, and of every module whose forward begins and ends. TorchSharp has
/// no hook of its own below its modules, and functions that are called directly never pass one.
/// </summary>
internal static class TorchSharpRewriter
{
    /// <summary>The assembly's simple name.</summary>
    public const string AssemblyName = "TorchSharp";

    private const string NativeLibrary = "LibTorchSharp";
    private const string Allocator = "AllocatePinnedArray";
    private const string ModuleType = "TorchSharp.torch/nn/Module";

    /// <summary>The copy of a TorchSharp.dll, from the cache where it is there already.</summary>
    /// <param name="torchSharp">The path of TorchSharp.dll.</param>
    /// <param name="cacheFolder">Where copies are kept.</param>
    /// <returns>The copy's path.</returns>
    /// <exception cref="BadImageFormatException">It is no assembly.</exception>
    public static string Rewritten(string torchSharp, string cacheFolder)
    {
        // This very assembly's identity is in the key: what the copy calls is here.
        byte[] key = SHA256.HashData(Encoding.UTF8.GetBytes($"{FileHash.Of(torchSharp)} {typeof(NativeCalls).Assembly.ManifestModule.ModuleVersionId}"));
        string path = Path.Combine(cacheFolder, Convert.ToHexString(key).ToLowerInvariant(), $"{AssemblyName}.dll");
        if (!File.Exists(path))
            AtomicFile.Write(path, stream => Rewrite(torchSharp, stream));
        return path;
    }

    private static void Rewrite(string torchSharp, Stream output)
    {
        using AssemblyDefinition assembly = AssemblyDefinition.ReadAssembly(torchSharp, new ReaderParameters { InMemory = true });
        ModuleDefinition module = assembly.MainModule;
        NativeCallReferences references = new(module);
        foreach (TypeDefinition type in module.GetTypes().ToArray())
        {
            foreach (MethodDefinition method in type.Methods.Where(IsNative).ToArray())
                Intercept(method, references);
            if (IsModule(type))
                foreach (MethodDefinition method in type.Methods.Where(method => method is { HasBody: true, IsStatic: false, Name: "forward" or "call" }))
                    Announce(method, references);
        }
        // The signature no longer fits; the key stays, so that assemblies that refer to it still bind.
        module.Attributes &= ~ModuleAttributes.StrongNameSigned;
        assembly.Write(output);
    }

    private static bool IsNative(MethodDefinition method) => method.HasPInvokeInfo && method.PInvokeInfo.Module.Name == NativeLibrary;

    private static bool IsModule(TypeDefinition type)
    {
        for (TypeReference? current = type; current is not null; current = (current.IsGenericInstance ? current.GetElementType() : current) is TypeDefinition definition ? definition.BaseType : null)
            if (current.FullName == ModuleType)
                return true;
        return false;
    }

    // The native method goes on under another name; the one that is called tells before and after.
    private static void Intercept(MethodDefinition method, NativeCallReferences references)
    {
        MethodDefinition native = new($"{method.Name}__native", method.Attributes, method.ReturnType)
        {
            ImplAttributes = method.ImplAttributes,
            PInvokeInfo = new PInvokeInfo(method.PInvokeInfo.Attributes, string.IsNullOrEmpty(method.PInvokeInfo.EntryPoint) ? method.Name : method.PInvokeInfo.EntryPoint, method.PInvokeInfo.Module),
        };
        native.MethodReturnType.MarshalInfo = method.MethodReturnType.MarshalInfo;
        foreach (ParameterDefinition parameter in method.Parameters)
            native.Parameters.Add(new ParameterDefinition(parameter.Name, parameter.Attributes, parameter.ParameterType) { MarshalInfo = parameter.MarshalInfo });
        method.DeclaringType.Methods.Add(native);

        method.PInvokeInfo = null;
        method.IsPInvokeImpl = false;
        method.ImplAttributes = MethodImplAttributes.IL | MethodImplAttributes.Managed;
        method.MethodReturnType.MarshalInfo = null;
        foreach (ParameterDefinition parameter in method.Parameters)
            parameter.MarshalInfo = null;
        WriteBody(method, native, references);
    }

    private static void WriteBody(MethodDefinition method, MethodDefinition native, NativeCallReferences references)
    {
        string parameters = $"{method.ReturnType.Name};{string.Join(',', method.Parameters.Select(parameter => $"{parameter.ParameterType.Name} {parameter.Name}"))}";
        bool returns = method.ReturnType.MetadataType != MetadataType.Void;
        MethodBody body = new(method) { InitLocals = true };
        method.Body = body;
        VariableDefinition arguments = new(references.Objects);
        VariableDefinition token = new(references.Object);
        VariableDefinition result = new(returns ? method.ReturnType : references.Object);
        body.Variables.Add(arguments);
        body.Variables.Add(token);
        body.Variables.Add(result);
        ILProcessor il = body.GetILProcessor();

        il.Emit(OpCodes.Ldc_I4, method.Parameters.Count);
        il.Emit(OpCodes.Newarr, references.Object);
        il.Emit(OpCodes.Stloc, arguments);
        foreach (ParameterDefinition parameter in method.Parameters.Where(parameter => !parameter.ParameterType.IsByReference))
        {
            il.Emit(OpCodes.Ldloc, arguments);
            il.Emit(OpCodes.Ldc_I4, parameter.Index);
            il.Emit(OpCodes.Ldarg, parameter);
            Box(il, parameter.ParameterType, references);
            il.Emit(OpCodes.Stelem_Ref);
        }
        il.Emit(OpCodes.Ldstr, method.Name);
        il.Emit(OpCodes.Ldstr, parameters);
        il.Emit(OpCodes.Ldloc, arguments);
        il.Emit(OpCodes.Call, references.Enter);
        il.Emit(OpCodes.Stloc, token);
        foreach (ParameterDefinition parameter in method.Parameters.Where(parameter => parameter.ParameterType.Name == Allocator))
        {
            il.Emit(OpCodes.Ldloc, token);
            il.Emit(OpCodes.Ldarg, parameter);
            il.Emit(OpCodes.Call, references.Wrap);
            il.Emit(OpCodes.Castclass, parameter.ParameterType);
            il.Emit(OpCodes.Starg, parameter);
        }
        foreach (ParameterDefinition parameter in method.Parameters)
            il.Emit(OpCodes.Ldarg, parameter);
        il.Emit(OpCodes.Call, native);
        if (returns)
            il.Emit(OpCodes.Stloc, result);
        foreach (ParameterDefinition parameter in method.Parameters.Where(parameter => parameter.ParameterType.IsByReference))
        {
            TypeReference element = parameter.ParameterType.GetElementType();
            il.Emit(OpCodes.Ldloc, arguments);
            il.Emit(OpCodes.Ldc_I4, parameter.Index);
            il.Emit(OpCodes.Ldarg, parameter);
            il.Emit(OpCodes.Ldobj, element);
            Box(il, element, references);
            il.Emit(OpCodes.Stelem_Ref);
        }
        il.Emit(OpCodes.Ldloc, token);
        il.Emit(OpCodes.Ldstr, method.Name);
        il.Emit(OpCodes.Ldstr, parameters);
        il.Emit(OpCodes.Ldloc, arguments);
        il.Emit(OpCodes.Ldloc, result);
        if (returns)
            Box(il, method.ReturnType, references);
        il.Emit(OpCodes.Call, references.Leave);
        if (returns)
            il.Emit(OpCodes.Ldloc, result);
        il.Emit(OpCodes.Ret);
        // Delegates are kept alive by their arguments' slots until the end; the short forms save half the size.
        body.Optimize();
    }

    private static void Box(ILProcessor il, TypeReference type, NativeCallReferences references)
    {
        if (type.IsPointer)
        {
            il.Emit(OpCodes.Conv_I);
            il.Emit(OpCodes.Box, references.NativeInt);
        }
        else if (type.IsValueType)
        {
            il.Emit(OpCodes.Box, type);
        }
    }

    private static void Announce(MethodDefinition method, NativeCallReferences references)
    {
        method.Body.SimplifyMacros();
        ILProcessor il = method.Body.GetILProcessor();
        Instruction first = method.Body.Instructions[0];
        il.InsertBefore(first, il.Create(OpCodes.Ldarg_0));
        il.InsertBefore(first, il.Create(OpCodes.Call, references.EnterModule));
        // Jumps to a return must not pass the announcement: the return itself becomes its first instruction.
        foreach (Instruction end in method.Body.Instructions.Where(instruction => instruction.OpCode == OpCodes.Ret).ToArray())
        {
            end.OpCode = OpCodes.Ldarg_0;
            Instruction announce = il.Create(OpCodes.Call, references.LeaveModule);
            il.InsertAfter(end, announce);
            il.InsertAfter(announce, il.Create(OpCodes.Ret));
        }
        method.Body.OptimizeMacros();
    }

    private sealed class NativeCallReferences
    {
        public NativeCallReferences(ModuleDefinition module)
        {
            Object = module.TypeSystem.Object;
            NativeInt = module.TypeSystem.IntPtr;
            Objects = new ArrayType(Object);
            AssemblyNameReference octet = AssemblyNameReference.Parse(typeof(NativeCalls).Assembly.FullName);
            module.AssemblyReferences.Add(octet);
            TypeReference type = new(typeof(NativeCalls).Namespace, nameof(NativeCalls), module, octet);
            TypeReference text = module.TypeSystem.String;
            TypeReference nothing = module.TypeSystem.Void;
            Enter = Method(type, nameof(NativeCalls.Enter), Object, text, text, Objects);
            Wrap = Method(type, nameof(NativeCalls.Wrap), Object, Object, Object);
            Leave = Method(type, nameof(NativeCalls.Leave), nothing, Object, text, text, Objects, Object);
            EnterModule = Method(type, nameof(NativeCalls.EnterModule), nothing, Object);
            LeaveModule = Method(type, nameof(NativeCalls.LeaveModule), nothing, Object);
        }

        public TypeReference Object { get; }

        public TypeReference NativeInt { get; }

        public ArrayType Objects { get; }

        public MethodReference Enter { get; }

        public MethodReference Wrap { get; }

        public MethodReference Leave { get; }

        public MethodReference EnterModule { get; }

        public MethodReference LeaveModule { get; }

        private static MethodReference Method(TypeReference type, string name, TypeReference returns, params TypeReference[] parameters)
        {
            MethodReference method = new(name, returns, type);
            foreach (TypeReference parameter in parameters)
                method.Parameters.Add(new ParameterDefinition(parameter));
            return method;
        }
    }
}
