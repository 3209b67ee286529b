// RandomModel: writes a model of any shape with random weights, for tests and benchmarks.
//
//   RandomModel model;
//   model.hidden = 64;
//   absl::Status written = WriteRandomModel(model, "/tmp/model");   // ModelFiles::Open reads it
//
// The folder has the layout of Phi-3's, with bytes for a tokenizer. Nothing of it is held in
// memory, so a file may be larger than that. Weights depend on the seed and their tensor's name
// alone: in another type they are the same numbers, rounded, and the number of shards does not
// matter.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "phi/backend.h"

namespace poems::phi {

// The defaults are a model that a test computes at once.
struct RandomModel {
  int32_t vocab = 272;  // 256 bytes and the chat template's tokens
  int32_t hidden = 64;
  int32_t layers = 2;
  int32_t heads = 4;
  int32_t kv_heads = 2;
  int32_t head_dim = 0;  // 0: hidden / heads
  int32_t intermediate = 96;
  int32_t max_positions = 512;
  int32_t original_max_positions = 0;  // 0: no longrope; else where its long factors begin
  int32_t sliding_window = 0;          // 0: none
  double partial_rotary_factor = 1;
  bool tied = false;
  DType dtype = DType::kBf16;
  int32_t shards = 1;
  uint64_t seed = 1;
  bool sparse = false;  // all zeros, which take no room on the disk and no time
};

// Shapes by name: "tiny" (the defaults), "gigabyte" (a file of 1.07 GB in BF16), and those of
// microsoft/Phi-3-mini-4k-instruct and -128k-instruct, "phi-3-mini-4k" and "phi-3-mini-128k".
std::optional<RandomModel> RandomModelLike(std::string_view name);

// Makes the folder where there is none and overwrites what it has of these files. INVALID_ARGUMENT
// for a shape that no model has.
absl::Status WriteRandomModel(const RandomModel& model, const std::filesystem::path& folder);

}  // namespace poems::phi
