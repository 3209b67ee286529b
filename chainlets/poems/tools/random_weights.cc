#include "tools/random_weights.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <functional>
#include <numeric>
#include <string_view>
#include <system_error>

#include "chains/core/text.h"

namespace poems::phi {
namespace {

using chains::Text;

constexpr int64_t kPiece = int64_t{1} << 18;  // elements made at a time

// Bits that depend on `key` and `index` alone (the finalizer of SplitMix64).
uint64_t RandomBits(uint64_t key, uint64_t index) {
  uint64_t bits = key + (index + 1) * 0x9e3779b97f4a7c15U;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9U;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebU;
  return bits ^ (bits >> 31);
}

uint64_t KeyOf(std::string_view name, uint64_t seed) {
  uint64_t key = RandomBits(seed, 0);
  for (const char c : name) key = RandomBits(key ^ static_cast<unsigned char>(c), 1);
  return key;
}

// To the nearest, ties to even. Weights are finite and of a size that F16 has as normal numbers, or
// so small that zero is as good.
uint16_t ToBf16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

uint16_t ToF16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000;
  const uint32_t magnitude = bits & 0x7fffffff;
  constexpr uint32_t kSmallest = 0x38800000;  // 2^-14, F16's smallest normal number
  if (magnitude < kSmallest) return static_cast<uint16_t>(sign);
  const uint32_t rounded = magnitude - (112U << 23) + 0xfff + ((magnitude >> 13) & 1);
  return static_cast<uint16_t>(sign | (rounded >> 13));
}

// Elements [begin, begin + values.size()) of a tensor; begin is a multiple of 4.
void Fill(const RandomTensor& tensor, uint64_t key, int64_t begin, std::vector<float>& values) {
  for (size_t i = 0; i < values.size(); i += 4) {
    const uint64_t bits = RandomBits(key, static_cast<uint64_t>(begin) / 4 + i / 4);
    for (size_t j = 0; j < 4 && i + j < values.size(); ++j) {
      const auto part = static_cast<int16_t>(bits >> (16 * j));
      values[i + j] = tensor.center + tensor.spread * (static_cast<float>(part) / 32768.0F);
    }
  }
}

void Append(const std::vector<float>& values, DType dtype, std::vector<char>& bytes) {
  bytes.resize(values.size() * static_cast<size_t>(BytesOf(dtype)));
  if (dtype == DType::kF32) {
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return;
  }
  const bool bf16 = dtype == DType::kBf16;
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t element = bf16 ? ToBf16(values[i]) : ToF16(values[i]);
    std::memcpy(bytes.data() + 2 * i, &element, sizeof(element));
  }
}

void WriteTensor(const RandomTensor& tensor, const RandomWeights& weights, std::ofstream& file) {
  const uint64_t key = KeyOf(tensor.name, weights.seed);
  std::vector<float> values;
  std::vector<char> bytes;
  for (int64_t begin = 0; begin < tensor.size() && file; begin += kPiece) {
    values.resize(static_cast<size_t>(std::min(kPiece, tensor.size() - begin)));
    Fill(tensor, key, begin, values);
    Append(values, weights.dtype, bytes);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
}

std::string_view NameOf(DType dtype) {
  return dtype == DType::kF32 ? "F32" : dtype == DType::kF16 ? "F16" : "BF16";
}

// With its length in front. Padded, so that the tensors begin at a cache line of the mapped file.
std::string Header(const std::vector<RandomTensor>& tensors, DType dtype, int64_t& bytes) {
  std::string json = R"({"__metadata__":{"format":"pt"})";
  bytes = 0;
  for (const RandomTensor& tensor : tensors) {
    const int64_t end = bytes + tensor.size() * BytesOf(dtype);
    std::string shape;
    for (const int64_t size : tensor.shape) shape += Text(shape.empty() ? "" : ",", size);
    json += Text(",\"", tensor.name, R"(":{"dtype":")", NameOf(dtype), R"(","shape":[)", shape,
                 R"(],"data_offsets":[)", bytes, ",", end, "]}");
    bytes = end;
  }
  json += "}";
  constexpr size_t kLine = 64;
  json.append((kLine - (json.size() + sizeof(uint64_t)) % kLine) % kLine, ' ');
  const uint64_t length = json.size();
  std::string header(sizeof(length), '\0');
  std::memcpy(header.data(), &length, sizeof(length));
  return header + json;
}

}  // namespace

int64_t RandomTensor::size() const {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

absl::Status WriteRandomTensors(const std::vector<RandomTensor>& tensors,
                                const RandomWeights& weights, const std::filesystem::path& file) {
  int64_t bytes = 0;
  const std::string header = Header(tensors, weights.dtype, bytes);
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(header.data(), static_cast<std::streamsize>(header.size()));
  if (!weights.sparse)
    for (const RandomTensor& tensor : tensors) WriteTensor(tensor, weights, out);
  out.close();
  if (!out)
    return absl::UnknownError(
        Text("cannot write ", file.string(), "; is there room, and may you?"));
  std::error_code error;
  if (weights.sparse)
    std::filesystem::resize_file(file, header.size() + static_cast<size_t>(bytes), error);
  if (error)
    return absl::UnknownError(Text("cannot enlarge ", file.string(), ": ", error.message()));
  return absl::OkStatus();
}

}  // namespace poems::phi
