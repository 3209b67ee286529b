// cuDNN's softmax of one row, as far as drawing.cc uses it.
#include <algorithm>
#include <cmath>
#include <cudnn.h>
#include <memory>

#include "fake_device.h"

struct cudnnContext {
  cudaStream_t stream = nullptr;
};
struct cudnnTensorStruct {
  int count = 0;
};

extern "C" {

const char* cudnnGetErrorString(cudnnStatus_t) { return "a fake error"; }
void cudnnGetLastErrorString(char* message, size_t) { *message = 0; }

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  return *handle = std::make_unique<cudnnContext>().release(), CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  return std::unique_ptr<cudnnContext>(handle).reset(), CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  return handle->stream = stream, CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* tensor) {
  return *tensor = std::make_unique<cudnnTensorStruct>().release(), CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensor) {
  return std::unique_ptr<cudnnTensorStruct>(tensor).reset(), CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor, cudnnTensorFormat_t,
                                         cudnnDataType_t type, int n, int c, int h, int w) {
  tensor->count = c;
  return n == 1 && h == 1 && w == 1 && type == CUDNN_DATA_FLOAT ? CUDNN_STATUS_SUCCESS
                                                                : CUDNN_STATUS_BAD_PARAM;
}

cudnnStatus_t cudnnSoftmaxForward(cudnnHandle_t handle, cudnnSoftmaxAlgorithm_t algorithm,
                                  cudnnSoftmaxMode_t mode, const void*,
                                  const cudnnTensorDescriptor_t tensor, const void* from,
                                  const void*, const cudnnTensorDescriptor_t, void* to) {
  if (algorithm != CUDNN_SOFTMAX_ACCURATE || mode != CUDNN_SOFTMAX_MODE_INSTANCE) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  const int count = tensor->count;
  fake::Submit(handle->stream, [=] {
    const auto* x = static_cast<const float*>(from);
    auto* y = static_cast<float*>(to);
    const float largest = *std::max_element(x, x + count);
    float sum = 0;
    for (int i = 0; i < count; ++i) sum += y[i] = std::exp(x[i] - largest);
    for (int i = 0; i < count; ++i) y[i] /= sum;
  });
  return CUDNN_STATUS_SUCCESS;
}

}  // extern "C"
