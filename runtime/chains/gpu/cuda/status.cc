#include "chains/gpu/cuda/status.h"

#include <algorithm>
#include <cstring>

namespace chains::gpu::cuda {
namespace {

std::string FileName(const char* path) {
  const char* slash = std::strrchr(path, '/');
  return slash == nullptr ? path : slash + 1;
}

std::string At(Place place) {
  return " (" + FileName(place.file) + ":" + std::to_string(place.line) + ")";
}

Code CodeOf(cudaError_t result) {
  switch (result) {
    case cudaErrorMemoryAllocation:
      return Code::kResourceExhausted;
    case cudaErrorInsufficientDriver:
    case cudaErrorNoDevice:
    case cudaErrorInvalidDevice:
    case cudaErrorDevicesUnavailable:
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorUnsupportedPtxVersion:
    case cudaErrorInvalidPtx:
    case cudaErrorCompatNotSupportedOnDevice:
    case cudaErrorSystemDriverMismatch:
    case cudaErrorSystemNotReady:
      return Code::kFailedPrecondition;
    default:
      return Code::kInternal;
  }
}

// What to do, where the library's own words do not say it.
std::string_view Advice(cudaError_t result) {
  switch (result) {
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorUnsupportedPtxVersion:
      return "; the module was not compiled for this device: see CHAINS_CUDA_ARCHITECTURES";
    case cudaErrorInsufficientDriver:
      return "; install a newer NVIDIA driver";
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchFailure:
    case cudaErrorAssert:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorHardwareStackError:
    case cudaErrorECCUncorrectable:
      return "; the device can do nothing more for this process, which must begin anew";
    default:
      return "";
  }
}

}  // namespace

Status::Status(Code code, std::string_view message, Place place)
    : problem_(std::make_unique<Problem>(Problem{code, std::string(message) + At(place)})) {}

void Status::Fill(int32_t* code, char* message, size_t size) const {
  *code = static_cast<int32_t>(problem_->code);
  const size_t length = std::min(problem_->message.size(), size - 1);
  std::memcpy(message, problem_->message.data(), length);
  message[length] = '\0';
}

Status Check(cudaError_t result, Place place) {
  if (result == cudaSuccess) return {};
  // The runtime hands an error out again at the next check, also of a call that went well.
  static_cast<void>(cudaGetLastError());
  std::string message = "CUDA: ";
  message += cudaGetErrorName(result);
  message += ": ";
  message += cudaGetErrorString(result);
  message += Advice(result);
  return {CodeOf(result), message, place};
}

Status Check(cublasStatus_t result, Place place) {
  if (result == CUBLAS_STATUS_SUCCESS) return {};
  const Code code = result == CUBLAS_STATUS_ALLOC_FAILED    ? Code::kResourceExhausted
                    : result == CUBLAS_STATUS_ARCH_MISMATCH ? Code::kFailedPrecondition
                                                            : Code::kInternal;
  std::string message = "cuBLAS: ";
  message += cublasGetStatusName(result);
  message += ": ";
  message += cublasGetStatusString(result);
  return {code, message, place};
}

Status Check(cudnnStatus_t result, Place place) {
  if (result == CUDNN_STATUS_SUCCESS) return {};
  Code code = Code::kInternal;
  if (result == CUDNN_STATUS_ALLOC_FAILED) code = Code::kResourceExhausted;
  if (result == CUDNN_STATUS_NOT_INITIALIZED) code = Code::kFailedPrecondition;
  if (CUDNN_STATUS_CATEGORY(result) == CUDNN_STATUS_NOT_SUPPORTED) code = Code::kUnimplemented;
  std::string message = "cuDNN: ";
  message += cudnnGetErrorString(result);
  char said[512] = {};
  cudnnGetLastErrorString(said, sizeof(said));
  if (said[0] != '\0') {
    message += ": ";
    message += said;
  }
  return {code, message, place};
}

}  // namespace chains::gpu::cuda
