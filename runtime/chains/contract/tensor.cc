#include "chains/contract/tensor.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace chains {
namespace {

// 0 for a dtype that is not known.
size_t ElementSize(v1::DType dtype) {
  switch (dtype) {
    case v1::DTYPE_INT8:
    case v1::DTYPE_UINT8:
    case v1::DTYPE_BOOL:
      return 1;
    case v1::DTYPE_FLOAT16:
    case v1::DTYPE_BFLOAT16:
    case v1::DTYPE_INT16:
    case v1::DTYPE_UINT16:
      return 2;
    case v1::DTYPE_FLOAT32:
    case v1::DTYPE_INT32:
    case v1::DTYPE_UINT32:
      return 4;
    case v1::DTYPE_FLOAT64:
    case v1::DTYPE_INT64:
    case v1::DTYPE_UINT64:
      return 8;
    default:
      return 0;
  }
}

// "float32"
std::string Name(v1::DType dtype) {
  if (ElementSize(dtype) == 0) return absl::StrCat("dtype ", static_cast<int>(dtype));
  const std::string name = v1::DType_Name(dtype);
  return absl::AsciiStrToLower(absl::StripPrefix(name, "DTYPE_"));
}

std::string Describe(const v1::Tensor& tensor) {
  return absl::StrCat("a tensor of ", Name(tensor.dtype()), " and shape [",
                      absl::StrJoin(tensor.shape(), ", "), "]");
}

// How many bytes such a tensor has.
absl::StatusOr<size_t> ByteSize(const v1::Tensor& tensor) {
  size_t size = ElementSize(tensor.dtype());
  if (size == 0) {
    return absl::InvalidArgumentError(absl::StrCat(Describe(tensor), ": there is no such dtype"));
  }
  bool overflow = false;
  bool empty = false;
  for (const int64_t length : tensor.shape()) {
    if (length < 0) {
      return absl::InvalidArgumentError(absl::StrCat(Describe(tensor), ": a length is negative"));
    }
    empty = empty || length == 0;
    overflow = __builtin_mul_overflow(size, static_cast<size_t>(length), &size) || overflow;
  }
  if (empty) return 0;
  if (overflow) {
    return absl::InvalidArgumentError(absl::StrCat(Describe(tensor), ": that is too large"));
  }
  return size;
}

}  // namespace

absl::Status CheckTensor(const v1::Tensor& tensor) {
  absl::StatusOr<size_t> size = ByteSize(tensor);
  if (!size.ok()) return size.status();
  if (tensor.data().size() != *size) {
    return absl::InvalidArgumentError(absl::StrCat(Describe(tensor), " has ", *size,
                                                   " bytes of data, not ", tensor.data().size()));
  }
  if (tensor.dtype() == v1::DTYPE_BOOL &&
      std::any_of(tensor.data().begin(), tensor.data().end(), [](char c) { return c & ~1; })) {
    return absl::InvalidArgumentError(
        absl::StrCat(Describe(tensor), " holds a byte that is neither 0 nor 1"));
  }
  return absl::OkStatus();
}

namespace internal {

absl::StatusOr<std::span<const std::byte>> CheckedData(const v1::Tensor& tensor, v1::DType dtype) {
  if (tensor.dtype() != dtype) {
    return absl::InvalidArgumentError(
        absl::StrCat(Describe(tensor), " is not one of ", Name(dtype)));
  }
  absl::Status checked = CheckTensor(tensor);
  if (!checked.ok()) return checked;
  return std::as_bytes(std::span<const char>(tensor.data()));
}

absl::StatusOr<v1::Tensor> TensorOf(v1::DType dtype, std::span<const std::byte> data,
                                    const std::vector<int64_t>& shape) {
  v1::Tensor tensor;
  tensor.set_dtype(dtype);
  tensor.mutable_shape()->Add(shape.begin(), shape.end());
  absl::StatusOr<size_t> size = ByteSize(tensor);
  if (!size.ok()) return size.status();
  if (data.size() != *size) {
    return absl::InvalidArgumentError(absl::StrCat(Describe(tensor), " has ",
                                                   *size / ElementSize(dtype), " elements, not ",
                                                   data.size() / ElementSize(dtype)));
  }
  if (!data.empty()) tensor.set_data(data.data(), data.size());
  return tensor;
}

absl::Status Misaligned() {
  return absl::FailedPreconditionError(
      "the tensor's data is not aligned for its elements: use TensorValues()");
}

}  // namespace internal
}  // namespace chains
