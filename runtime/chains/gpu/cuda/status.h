// Status: whether a call of CUDA, cuBLAS or cuDNN went well, and where it was made.
//
//   if (Status status = Check(cudaSetDevice(1)); !status.ok()) return status;
//
// A small copy of absl::Status, which a module cannot link. Its codes are those of
// absl::StatusCode.
#pragma once

#include <cstdint>
#include <cuda_runtime_api.h>
#include <cudnn.h>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <cublas_v2.h>

#include "chains/gpu/abi.h"

namespace chains::gpu::cuda {

enum class Code : int32_t {
  kOk = 0,
  kInvalidArgument = 3,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
};

// Where a call is written; made by default arguments only.
struct Place {
  const char* file;
  int line;
  static constexpr Place Here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }
};

// Movable. One pointer, null when it is good.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string_view message, Place place = Place::Here());

  bool ok() const { return problem_ == nullptr; }
  Code code() const { return ok() ? Code::kOk : problem_->code; }
  // Ends with the place, as "… (decode.cu:42)"; empty when it is good.
  std::string_view message() const { return ok() ? std::string_view() : problem_->message; }
  // Fills in `code` and `message` of a plain struct such as abi::Error, cut to what fits. Answers
  // ok(), so that a function of a module ends with `return status.CopyTo(error);`.
  template <typename Plain>
  bool CopyTo(Plain* error) const {
    if (!ok() && error != nullptr) Fill(&error->code, error->message, sizeof(error->message));
    return ok();
  }

 private:
  struct Problem {
    Code code;
    std::string message;
  };
  void Fill(int32_t* code, char* message, size_t size) const;

  std::unique_ptr<Problem> problem_;
};

// RESOURCE_EXHAUSTED where there is not enough memory; FAILED_PRECONDITION for a driver that is
// missing or too old, no device, or code that was not built for the device; else INTERNAL.
Status Check(cudaError_t result, Place place = Place::Here());
Status Check(cublasStatus_t result, Place place = Place::Here());
Status Check(cudnnStatus_t result, Place place = Place::Here());

// Remembers the first of many calls that failed; costs a comparison for each.
class Calls {
 public:
  bool ok() const { return status_.ok(); }
  // Whether this call went well.
  template <typename Result>
  bool operator()(Result result, Place place = Place::Here()) {
    if (static_cast<int>(result) == 0) return true;  // success, in all three libraries
    if (ok()) status_ = Check(result, place);
    return false;
  }
  bool operator()(Status status) {
    const bool good = status.ok();
    if (!good && ok()) status_ = std::move(status);
    return good;
  }
  const Status& status() const& { return status_; }
  Status status() && { return std::move(status_); }

 private:
  Status status_;
};

}  // namespace chains::gpu::cuda
