// Random weights in a safetensors file, written piece by piece.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "phi/backend.h"

namespace poems::phi {

// Numbers from center - spread to center + spread, evenly.
struct RandomTensor {
  std::string name;
  std::vector<int64_t> shape;
  float center = 0;
  float spread = 0;

  int64_t size() const;  // elements
};

struct RandomWeights {
  DType dtype = DType::kBf16;
  uint64_t seed = 1;
  bool sparse = false;
};

absl::Status WriteRandomTensors(const std::vector<RandomTensor>& tensors,
                                const RandomWeights& weights, const std::filesystem::path& file);

}  // namespace poems::phi
