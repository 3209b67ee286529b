// chains.v1.Tensor from C++: arrays as checked spans.
//
//   absl::StatusOr<chains::v1::Tensor> tensor = chains::MakeTensor<float>(samples, {2, 16'000});
//
//   std::span<const float> samples = co_await chains::TensorData<float>(tensor);
//
// A span points into the message, so it is valid as long as the message is and nobody changes it.
// Elements are little endian, as this library's machines are; that is checked when it is compiled.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/v1/tensor.pb.h"

namespace chains {

static_assert(std::endian::native == std::endian::little);

// Elements that C++20 has no type for, as bits.
struct Float16 {
  uint16_t bits;  // IEEE 754 half precision
  friend bool operator==(Float16, Float16) = default;
};
struct BFloat16 {
  uint16_t bits;  // the upper half of a float's
  friend bool operator==(BFloat16, BFloat16) = default;
};

// The DType whose elements are Ts; DTYPE_UNSPECIFIED when there is none.
template <typename T>
inline constexpr v1::DType kDTypeOf = v1::DTYPE_UNSPECIFIED;
template <>
inline constexpr v1::DType kDTypeOf<Float16> = v1::DTYPE_FLOAT16;
template <>
inline constexpr v1::DType kDTypeOf<BFloat16> = v1::DTYPE_BFLOAT16;
template <>
inline constexpr v1::DType kDTypeOf<float> = v1::DTYPE_FLOAT32;
template <>
inline constexpr v1::DType kDTypeOf<double> = v1::DTYPE_FLOAT64;
template <>
inline constexpr v1::DType kDTypeOf<int8_t> = v1::DTYPE_INT8;
template <>
inline constexpr v1::DType kDTypeOf<int16_t> = v1::DTYPE_INT16;
template <>
inline constexpr v1::DType kDTypeOf<int32_t> = v1::DTYPE_INT32;
template <>
inline constexpr v1::DType kDTypeOf<int64_t> = v1::DTYPE_INT64;
template <>
inline constexpr v1::DType kDTypeOf<uint8_t> = v1::DTYPE_UINT8;
template <>
inline constexpr v1::DType kDTypeOf<uint16_t> = v1::DTYPE_UINT16;
template <>
inline constexpr v1::DType kDTypeOf<uint32_t> = v1::DTYPE_UINT32;
template <>
inline constexpr v1::DType kDTypeOf<uint64_t> = v1::DTYPE_UINT64;
template <>
inline constexpr v1::DType kDTypeOf<bool> = v1::DTYPE_BOOL;

template <typename T>
concept TensorElement = kDTypeOf<T>
!= v1::DTYPE_UNSPECIFIED;

// INVALID_ARGUMENT, with what is wrong, unless the dtype is known, no dimension is negative, their
// product is no overflow, `data` has exactly so many elements, and each bool is 0 or 1.
absl::Status CheckTensor(const v1::Tensor& tensor);

namespace internal {
// The checked data; INVALID_ARGUMENT when it is of another dtype.
absl::StatusOr<std::span<const std::byte>> CheckedData(const v1::Tensor& tensor, v1::DType dtype);
absl::StatusOr<v1::Tensor> TensorOf(v1::DType dtype, std::span<const std::byte> data,
                                    const std::vector<int64_t>& shape);
absl::Status Misaligned();
}  // namespace internal

// The elements, without a copy. protobuf keeps `data` in a std::string, which in practice is
// aligned for every element type but need not be: FAILED_PRECONDITION then; TensorValues() always
// works.
template <TensorElement T>
absl::StatusOr<std::span<const T>> TensorData(const v1::Tensor& tensor) {
  absl::StatusOr<std::span<const std::byte>> data = internal::CheckedData(tensor, kDTypeOf<T>);
  if (!data.ok()) return data.status();
  if (reinterpret_cast<uintptr_t>(data->data()) % alignof(T) != 0) return internal::Misaligned();
  return std::span<const T>(reinterpret_cast<const T*>(data->data()), data->size() / sizeof(T));
}

// A copy of the elements.
template <TensorElement T>
requires(!std::same_as<T, bool>) absl::StatusOr<std::vector<T>> TensorValues(
    const v1::Tensor& tensor) {
  absl::StatusOr<std::span<const std::byte>> data = internal::CheckedData(tensor, kDTypeOf<T>);
  if (!data.ok()) return data.status();
  std::vector<T> values(data->size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), data->data(), data->size());
  return values;
}

// A tensor with a copy of `elements`; INVALID_ARGUMENT when they do not fill `shape`, the length of
// each dimension, exactly. Name T: MakeTensor<float>(values, {2, 3}).
template <TensorElement T>
absl::StatusOr<v1::Tensor> MakeTensor(std::type_identity_t<std::span<const T>> elements,
                                      const std::vector<int64_t>& shape) {
  return internal::TensorOf(kDTypeOf<T>, std::as_bytes(elements), shape);
}

}  // namespace chains
