// Handles of cuBLAS, cuBLASLt and cuDNN, with an owner.
//
//   BlasLt blas;
//   if (Status status = blas.Open(); !status.ok()) return status;
//   calls(cublasLtMatmul(blas.get(), …, stream.get()));
//
// One takes memory of the device and hundreds of milliseconds to open: keep it. Each is for one
// thread at a time, on the device that was current when it was opened.
#pragma once

#include <cublasLt.h>
#include <cudnn.h>
#include <utility>

#include <cublas_v2.h>

#include "chains/gpu/cuda/status.h"

namespace chains::gpu::cuda {

template <typename T, auto kCreate, auto kDestroy>
class Handle {
 public:
  Handle() = default;
  Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Handle() {
    if (handle_ != nullptr) static_cast<void>(kDestroy(handle_));
  }

  // Once.
  Status Open(Place place = Place::Here()) { return Check(kCreate(&handle_), place); }
  bool is_open() const { return handle_ != nullptr; }
  T get() const { return handle_; }

 private:
  T handle_ = nullptr;
};

using Blas = Handle<cublasHandle_t, cublasCreate, cublasDestroy>;
using BlasLt = Handle<cublasLtHandle_t, cublasLtCreate, cublasLtDestroy>;
using Dnn = Handle<cudnnHandle_t, cudnnCreate, cudnnDestroy>;

// cuDNN's descriptors, which its graph API is made of.
class DnnDescriptor {
 public:
  DnnDescriptor() = default;
  DnnDescriptor(DnnDescriptor&& other) noexcept : get_(std::exchange(other.get_, nullptr)) {}
  DnnDescriptor& operator=(DnnDescriptor&& other) noexcept {
    std::swap(get_, other.get_);
    return *this;
  }
  ~DnnDescriptor() {
    if (get_ != nullptr) static_cast<void>(cudnnBackendDestroyDescriptor(get_));
  }
  Status Open(cudnnBackendDescriptorType_t type, Place place = Place::Here()) {
    return Check(cudnnBackendCreateDescriptor(type, &get_), place);
  }
  cudnnBackendDescriptor_t get() const { return get_; }

 private:
  cudnnBackendDescriptor_t get_ = nullptr;
};

}  // namespace chains::gpu::cuda
