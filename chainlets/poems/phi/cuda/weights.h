// DeviceWeights: a model's weights on the device, once.
//
//   DeviceWeights weights;
//   if (Status status = weights.Upload(shape, files.weights(), bf16); !status.ok()) return status;
//   status = down.Run(weights.layer(3).down, …);
//
// Matrices are bf16 or f16, converted on the way where the files have another type. Rows and
// columns are padded to kVector with zeros; norms and frequencies are floats.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chains/gpu/cuda/kit.h"
#include "phi/backend.h"

namespace poems::phi::cuda {

struct DeviceLayer {
  const float* input_norm = nullptr;
  const void* qkv = nullptr;
  const void* attention_output = nullptr;
  const float* post_attention_norm = nullptr;
  const void* gate_up = nullptr;
  const void* down = nullptr;
};

class DeviceWeights {
 public:
  // Once, of what CheckModel() found nothing wrong with. Waits until all is there; the files are
  // not needed afterwards. INVALID_ARGUMENT names a tensor that holds what f16 cannot;
  // RESOURCE_EXHAUSTED says how much memory it takes.
  chains::gpu::cuda::Status Upload(const Shape& shape, const Weights& weights, bool bf16);

  const DeviceLayer& layer(int32_t index) const { return layers_[static_cast<size_t>(index)]; }
  const void* embedding() const { return embedding_; }
  const void* head() const { return head_; }
  const float* final_norm() const { return final_norm_; }
  const float* short_frequencies() const { return short_frequencies_; }
  const float* long_frequencies() const { return long_frequencies_; }
  // What a step of one token reads: everything, but of the embedding a row; 2 bytes an element.
  int64_t step_bytes() const { return step_bytes_; }

 private:
  // A tensor and where it goes.
  struct Item {
    Tensor from;
    std::string name;
    bool floats = false;
    int64_t offset = 0;
    const void** to = nullptr;
    const float** to_floats = nullptr;
  };
  class Uploader;

  std::vector<Item> Items(const Shape& shape, const Weights& weights);
  chains::gpu::cuda::Status Place(std::vector<Item>* items);

  chains::gpu::cuda::Buffer memory_;
  std::vector<DeviceLayer> layers_;
  const void* embedding_ = nullptr;
  const void* head_ = nullptr;
  const float* final_norm_ = nullptr;
  const float* short_frequencies_ = nullptr;
  const float* long_frequencies_ = nullptr;
  int64_t step_bytes_ = 0;
};

}  // namespace poems::phi::cuda
