#include "phi/cuda/weights.h"

#include <algorithm>
#include <array>
#include <utility>

#include "phi/cuda/arithmetic.h"
#include "phi/cuda/convert.h"

namespace poems::phi::cuda {

namespace gpu = chains::gpu::cuda;
using gpu::Calls;
using gpu::Code;
using gpu::Status;

namespace {

constexpr int64_t kAlignment = 256;
constexpr int64_t kStagingBytes = 16 << 20;

}  // namespace

// Converts into pinned memory while the device takes what was converted before.
class DeviceWeights::Uploader {
 public:
  Status Open(int64_t largest_row) {
    Calls calls;
    calls(stream_.Open());
    for (Half& half : halves_) {
      calls(half.memory.Allocate(std::max(kStagingBytes, largest_row)));
      calls(half.free.Open());
    }
    return std::move(calls).status();
  }

  Status Copy(const Item& item, bool bf16, char* to) {
    const Tensor& from = item.from;
    const int64_t row_bytes =
        item.floats ? from.columns * int64_t{sizeof(float)} : Padded(from.columns) * 2;
    if (row_bytes == 0) return {};
    const int64_t rows_at_once = halves_[0].memory.bytes() / row_bytes;
    for (int64_t row = 0; row < from.rows; row += rows_at_once) {
      const int64_t rows = std::min(rows_at_once, from.rows - row);
      Half& half = halves_[next_++ % halves_.size()];
      Calls calls;
      calls(cudaEventSynchronize(half.free.get()));  // at once for one that was never recorded
      if (!Convert(item, row, rows, row_bytes, bf16, half.memory.as<char>())) {
        return {Code::kInvalidArgument,
                item.name +
                    " holds values that f16 cannot; a device of compute capability 8.0 or "
                    "newer computes in bf16"};
      }
      calls(cudaMemcpyAsync(to + row * row_bytes, half.memory.data(),
                            static_cast<size_t>(rows * row_bytes), cudaMemcpyHostToDevice,
                            stream_.get()));
      calls(cudaEventRecord(half.free.get(), stream_.get()));
      if (!calls.ok()) return std::move(calls).status();
    }
    return {};
  }

  Status Clear(void* memory, int64_t bytes) {
    return gpu::Check(cudaMemsetAsync(memory, 0, static_cast<size_t>(bytes), stream_.get()));
  }
  // Also when something failed, before memory that is copied to or from is freed.
  Status Wait() { return stream_.Wait(); }

 private:
  struct Half {
    gpu::PinnedBuffer memory;
    gpu::Event free;
  };

  static bool Convert(const Item& item, int64_t first, int64_t rows, int64_t row_bytes, bool bf16,
                      char* to) {
    const Tensor& from = item.from;
    const int64_t from_bytes = from.columns * BytesOf(from.dtype);
    bool fits = true;
    for (int64_t i = 0; i < rows; ++i) {
      const char* row = static_cast<const char*>(from.data) + (first + i) * from_bytes;
      char* at = to + i * row_bytes;
      if (item.floats) {
        ConvertRow(row, from.dtype, from.columns, reinterpret_cast<float*>(at));
      } else {
        fits &= ConvertRow(row, from.dtype, from.columns, bf16, reinterpret_cast<uint16_t*>(at));
      }
    }
    return fits;
  }

  gpu::Stream stream_;
  std::array<Half, 2> halves_;
  size_t next_ = 0;
};

std::vector<DeviceWeights::Item> DeviceWeights::Items(const Shape& shape, const Weights& weights) {
  std::vector<Item> items;
  auto matrix = [&items](const Tensor& from, std::string name, const void** to) {
    items.push_back({.from = from, .name = std::move(name), .to = to});
  };
  auto floats = [&items](const Tensor& from, std::string name, const float** to) {
    items.push_back({.from = from, .name = std::move(name), .floats = true, .to_floats = to});
  };
  floats(weights.final_norm, "final_norm", &final_norm_);
  layers_.resize(static_cast<size_t>(shape.layers));
  for (int32_t i = 0; i < shape.layers; ++i) {
    const LayerWeights& from = weights.layers[i];
    DeviceLayer& to = layers_[static_cast<size_t>(i)];
    const std::string name = "layers[" + std::to_string(i) + "].";
    floats(from.input_norm, name + "input_norm", &to.input_norm);
    matrix(from.qkv, name + "qkv", &to.qkv);
    matrix(from.attention_output, name + "attention_output", &to.attention_output);
    floats(from.post_attention_norm, name + "post_attention_norm", &to.post_attention_norm);
    matrix(from.gate_up, name + "gate_up", &to.gate_up);
    matrix(from.down, name + "down", &to.down);
  }
  matrix(weights.head, "head", &head_);
  const size_t read_by_each_step = items.size();
  if (weights.embedding.data != weights.head.data) {  // else the two are tied
    matrix(weights.embedding, "embedding", &embedding_);
  }
  const int64_t turning = shape.rotary_dim / 2;
  floats({shape.short_rotary.frequencies, DType::kF32, 1, turning}, "short", &short_frequencies_);
  floats({shape.long_rotary.frequencies, DType::kF32, 1, turning}, "long", &long_frequencies_);
  step_bytes_ = int64_t{shape.hidden} * 2;
  for (size_t i = 0; i < read_by_each_step; ++i) {
    step_bytes_ += items[i].from.rows * items[i].from.columns * 2;
  }
  return items;
}

// One allocation for all, so that too little memory shows before anything is copied.
Status DeviceWeights::Place(std::vector<Item>* items) {
  int64_t bytes = 0;
  for (Item& item : *items) {
    item.offset = bytes;
    const int64_t size = item.floats ? item.from.columns * int64_t{sizeof(float)}
                                     : Padded(item.from.rows) * Padded(item.from.columns) * 2;
    bytes += RoundUp(size, kAlignment);
  }
  if (Status status = memory_.Allocate(bytes); !status.ok()) {
    return {status.code(), "the model's weights: " + std::string(status.message())};
  }
  for (const Item& item : *items) {
    char* at = memory_.as<char>() + item.offset;
    if (item.to != nullptr) *item.to = at;
    if (item.to_floats != nullptr) *item.to_floats = reinterpret_cast<const float*>(at);
  }
  if (embedding_ == nullptr) embedding_ = head_;
  return {};
}

Status DeviceWeights::Upload(const Shape& shape, const Weights& weights, bool bf16) {
  std::vector<Item> items = Items(shape, weights);
  if (Status status = Place(&items); !status.ok()) return status;
  int64_t largest_row = 0;
  for (const Item& item : items) {
    largest_row = std::max(largest_row, Padded(item.from.columns) * int64_t{sizeof(float)});
  }
  Uploader uploader;
  Calls calls;
  calls(uploader.Open(largest_row));
  if (calls.ok()) calls(uploader.Clear(memory_.data(), memory_.bytes()));  // the padding
  for (const Item& item : items) {
    if (calls.ok()) calls(uploader.Copy(item, bf16, memory_.as<char>() + item.offset));
  }
  if (calls.ok()) {
    calls(uploader.Wait());
  } else {
    static_cast<void>(uploader.Wait().ok());
  }
  return std::move(calls).status();
}

}  // namespace poems::phi::cuda
