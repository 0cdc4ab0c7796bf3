namespace Octet.Runtime.Operators;

/// <summary>Places in <c>struct OrtApi</c> of onnxruntime_c_api.h; the names are the header's.</summary>
internal enum OrtFunction
{
    CreateStatus = 0,
    GetErrorMessage = 2,
    CreateCustomOpDomain = 26,
    CustomOpDomain_Add = 27,
    AddCustomOpDomain = 28,
    GetTensorMutableData = 51,
    CreateTensorTypeAndShapeInfo = 57,
    SetTensorElementType = 58,
    SetDimensions = 59,
    GetDimensionsCount = 61,
    GetDimensions = 62,
    GetSymbolicDimensions = 63,
    GetTensorTypeAndShape = 65,
    KernelInfoGetAttribute_float = 85,
    KernelInfoGetAttribute_int64 = 86,
    KernelContext_GetInputCount = 88,
    KernelContext_GetInput = 90,
    KernelContext_GetOutput = 91,
    ReleaseStatus = 93,
    ReleaseTensorTypeAndShapeInfo = 99,
    KernelInfoGetAttributeArray_int64 = 163,
    KernelInfo_GetInputCount = 230,
    KernelInfo_GetInputName = 232,
    KernelInfoGetConstantInput_tensor = 249,
    ShapeInferContext_GetInputTypeShape = 268,
    ShapeInferContext_SetOutputTypeShape = 270,
    SetSymbolicDimensions = 271,
    KernelContext_ParallelFor = 274,
}
