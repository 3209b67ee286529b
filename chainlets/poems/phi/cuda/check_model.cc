#include "phi/cuda/check_model.h"

#include <cstdint>

#include "phi/cuda/arithmetic.h"

namespace poems::phi::cuda {
namespace {

constexpr int32_t kMaxHeadDim = 256;
constexpr int32_t kMaxSize = 1 << 20;  // of hidden, intermediate and all heads together

std::string Sizes(int64_t rows, int64_t columns) {
  return std::to_string(rows) + " x " + std::to_string(columns);
}

std::string CheckTensor(const Tensor& tensor, const std::string& name, int64_t rows,
                        int64_t columns) {
  if (tensor.data == nullptr) return name + " is missing";
  if (tensor.rows == rows && tensor.columns == columns) return "";
  return name + " is " + Sizes(tensor.rows, tensor.columns) + ", and should be " +
         Sizes(rows, columns);
}

std::string CheckLayer(const Shape& shape, const LayerWeights& layer, const std::string& name) {
  const int64_t attended = int64_t{shape.heads} * shape.head_dim;
  const int64_t qkv = attended + int64_t{2} * shape.kv_heads * shape.head_dim;
  const int64_t gate_up = int64_t{2} * shape.intermediate;
  for (const std::string& problem :
       {CheckTensor(layer.input_norm, name + "input_norm", 1, shape.hidden),
        CheckTensor(layer.qkv, name + "qkv", qkv, shape.hidden),
        CheckTensor(layer.attention_output, name + "attention_output", shape.hidden, attended),
        CheckTensor(layer.post_attention_norm, name + "post_attention_norm", 1, shape.hidden),
        CheckTensor(layer.gate_up, name + "gate_up", gate_up, shape.hidden),
        CheckTensor(layer.down, name + "down", shape.hidden, shape.intermediate)}) {
    if (!problem.empty()) return problem;
  }
  return "";
}

std::string CheckShape(const Shape& shape) {
  if (shape.vocab < 1 || shape.vocab > kMaxVocab) {
    return "vocab is " + std::to_string(shape.vocab) + "; 1 to " + std::to_string(kMaxVocab) +
           " are supported on a GPU";
  }
  if (shape.head_dim < 1 || shape.head_dim > kMaxHeadDim) {
    return "head_dim is " + std::to_string(shape.head_dim) + "; 1 to " +
           std::to_string(kMaxHeadDim) + " are supported on a GPU";
  }
  if (shape.kv_heads < 1 || shape.heads < 1 || shape.heads % shape.kv_heads != 0) {
    return std::to_string(shape.heads) + " heads are no multiple of " +
           std::to_string(shape.kv_heads) + " key heads";
  }
  const int64_t all_heads = int64_t{shape.heads} * shape.head_dim;
  if (shape.hidden < 1 || shape.hidden > kMaxSize || shape.intermediate < 1 ||
      shape.intermediate > kMaxSize || all_heads > kMaxSize || shape.heads > 1 << 14) {
    return "hidden, intermediate and heads * head_dim are at most " + std::to_string(kMaxSize) +
           " on a GPU";
  }
  if (shape.rotary_dim < 0 || shape.rotary_dim > shape.head_dim || shape.rotary_dim % 2 != 0) {
    return "rotary_dim is " + std::to_string(shape.rotary_dim) + ", not even or above head_dim";
  }
  if (shape.rotary_dim > 0 &&
      (shape.short_rotary.frequencies == nullptr || shape.long_rotary.frequencies == nullptr)) {
    return "rotary frequencies are missing";
  }
  if (shape.layers < 1 || shape.max_positions < 1 || shape.sliding_window < 0 ||
      !(shape.norm_epsilon >= 0)) {
    return "layers, max_positions, sliding_window or norm_epsilon is out of range";
  }
  return "";
}

}  // namespace

std::string CheckModel(const Shape& shape, const Weights& weights) {
  std::string problem = CheckShape(shape);
  if (!problem.empty()) return problem;
  if (weights.layers == nullptr || weights.layer_count != shape.layers) {
    return "weights have " + std::to_string(weights.layer_count) + " layers, and should have " +
           std::to_string(shape.layers);
  }
  for (const std::string& wrong :
       {CheckTensor(weights.embedding, "embedding", shape.vocab, shape.hidden),
        CheckTensor(weights.final_norm, "final_norm", 1, shape.hidden),
        CheckTensor(weights.head, "head", shape.vocab, shape.hidden)}) {
    if (!wrong.empty()) return wrong;
  }
  for (int32_t i = 0; i < shape.layers; ++i) {
    problem = CheckLayer(shape, weights.layers[i], "layers[" + std::to_string(i) + "].");
    if (!problem.empty()) return problem;
  }
  return "";
}

}  // namespace poems::phi::cuda
