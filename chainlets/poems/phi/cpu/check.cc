#include "phi/cpu/check.h"

#include <string>
#include <string_view>
#include <tuple>

#include "chains/core/text.h"
#include "phi/sampler.h"

namespace poems::phi::cpu {
namespace {

using chains::Text;

absl::Status CheckShape(const Shape& shape) {
  const auto refuse = [](std::string_view what) { return absl::InvalidArgumentError(Text(what)); };
  // Bounds so far above any model that products of them fit 64 bits.
  constexpr int32_t kMany = 1 << 24;
  constexpr int32_t kFew = 1 << 12;
  for (const auto& [name, value, most] :
       {std::tuple("vocab", shape.vocab, kMany), std::tuple("hidden", shape.hidden, kMany),
        std::tuple("layers", shape.layers, kFew), std::tuple("heads", shape.heads, kFew),
        std::tuple("kv_heads", shape.kv_heads, kFew), std::tuple("head_dim", shape.head_dim, kFew),
        std::tuple("intermediate", shape.intermediate, kMany),
        std::tuple("max_positions", shape.max_positions, kMany)}) {
    if (value < 1 || value > most) {
      return refuse(Text(name, " is ", value, ", not in [1, ", most, "]"));
    }
  }
  if (shape.heads % shape.kv_heads != 0) return refuse("heads is no multiple of kv_heads");
  if (shape.rotary_dim < 0 || shape.rotary_dim > shape.head_dim || shape.rotary_dim % 2 != 0) {
    return refuse(Text("rotary_dim is ", shape.rotary_dim));
  }
  if (shape.sliding_window < 0) return refuse("sliding_window is negative");
  const bool turns =
      shape.short_rotary.frequencies != nullptr && shape.long_rotary.frequencies != nullptr;
  if (shape.rotary_dim > 0 && !turns) return refuse("there are no rotary frequencies");
  return absl::OkStatus();
}

absl::Status CheckTensor(const Tensor& tensor, int64_t rows, int64_t columns,
                         std::string_view name) {
  if (tensor.data != nullptr && tensor.rows == rows && tensor.columns == columns) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(Text(name, " is ", tensor.rows, " x ", tensor.columns,
                                         tensor.data == nullptr ? " without data" : "", ", not ",
                                         rows, " x ", columns));
}

absl::Status CheckLayer(const Shape& shape, const LayerWeights& layer) {
  const int64_t queries = int64_t{shape.heads} * shape.head_dim;
  const int64_t keys = int64_t{shape.kv_heads} * shape.head_dim;
  const int64_t hidden = shape.hidden;
  const int64_t inner = shape.intermediate;
  for (const absl::Status& status :
       {CheckTensor(layer.input_norm, 1, hidden, "input_norm"),
        CheckTensor(layer.qkv, queries + 2 * keys, hidden, "qkv"),
        CheckTensor(layer.attention_output, hidden, queries, "attention_output"),
        CheckTensor(layer.post_attention_norm, 1, hidden, "post_attention_norm"),
        CheckTensor(layer.gate_up, 2 * inner, hidden, "gate_up"),
        CheckTensor(layer.down, hidden, inner, "down")}) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckTokens(const Shape& shape, const SequenceStep& step) {
  if (step.token_count < 1 || step.tokens == nullptr) {
    return absl::InvalidArgumentError("it has no tokens");
  }
  for (const int32_t token : std::span(step.tokens, static_cast<size_t>(step.token_count))) {
    if (token < 0 || token >= shape.vocab) {
      return absl::InvalidArgumentError(
          Text("token ", token, " is outside the vocabulary of ", shape.vocab));
    }
  }
  const int64_t end = int64_t{step.position} + step.token_count;
  if (step.position < 0 || end > shape.max_positions) {
    return absl::InvalidArgumentError(Text("its positions ", step.position, " to ", end - 1,
                                           " are not all in [0, ", shape.max_positions, ")"));
  }
  return absl::OkStatus();
}

absl::Status CheckPages(const BackendInfo& info, const SequenceStep& step, uint64_t user,
                        std::vector<uint64_t>& page_users) {
  const int64_t end = int64_t{step.position} + step.token_count;
  const int64_t needed = (end + info.page_size - 1) / info.page_size;
  if (step.pages == nullptr || step.page_count < needed) {
    return absl::InvalidArgumentError(
        Text("it has ", step.page_count, " pages, but ", end, " positions take ", needed));
  }
  for (const int32_t page : std::span(step.pages, static_cast<size_t>(step.page_count))) {
    if (page < 0 || page >= info.page_count) {
      return absl::InvalidArgumentError(
          Text("page ", page, " does not exist; there are ", info.page_count));
    }
    uint64_t& last_user = page_users[static_cast<size_t>(page)];
    if (last_user == user)
      return absl::InvalidArgumentError(Text("page ", page, " is given twice"));
    last_user = user;
  }
  return absl::OkStatus();
}

absl::Status CheckSequence(const Shape& shape, const BackendInfo& info, const SequenceStep& step,
                           uint64_t user, std::vector<uint64_t>& page_users) {
  if (absl::Status tokens = CheckTokens(shape, step); !tokens.ok()) return tokens;
  if (absl::Status pages = CheckPages(info, step, user, page_users); !pages.ok()) return pages;
  if (step.sampling == nullptr) return absl::OkStatus();
  const char* problem = ProblemOf(*step.sampling, shape.vocab);
  return problem == nullptr ? absl::OkStatus() : absl::InvalidArgumentError(problem);
}

}  // namespace

absl::Status CheckModel(const Shape& shape, const Weights& weights) {
  if (absl::Status checked = CheckShape(shape); !checked.ok()) return checked;
  if (weights.layer_count != shape.layers || weights.layers == nullptr) {
    return absl::InvalidArgumentError(
        Text("there are ", weights.layer_count, " layers, not ", shape.layers));
  }
  for (int32_t i = 0; i < shape.layers; ++i) {
    if (absl::Status layer = CheckLayer(shape, weights.layers[i]); !layer.ok()) {
      return absl::InvalidArgumentError(Text("layer ", i, ": ", chains::MessageOf(layer)));
    }
  }
  for (const absl::Status& status :
       {CheckTensor(weights.embedding, shape.vocab, shape.hidden, "embedding"),
        CheckTensor(weights.final_norm, 1, shape.hidden, "final_norm"),
        CheckTensor(weights.head, shape.vocab, shape.hidden, "head")}) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckStep(const Shape& shape, const BackendInfo& info,
                       std::span<const SequenceStep> steps, std::vector<uint64_t>& page_users) {
  if (steps.size() > static_cast<size_t>(info.max_step_sequences)) {
    return absl::InvalidArgumentError(
        Text(steps.size(), " sequences are more than ", info.max_step_sequences, " a step"));
  }
  const uint64_t user = ++page_users.back();  // another in each step
  int64_t tokens = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    absl::Status checked = CheckSequence(shape, info, steps[i], user, page_users);
    if (!checked.ok()) {
      return absl::InvalidArgumentError(Text("sequence ", i, ": ", chains::MessageOf(checked)));
    }
    tokens += steps[i].token_count;
  }
  if (tokens > info.max_step_tokens) {
    return absl::InvalidArgumentError(
        Text(tokens, " tokens are more than ", info.max_step_tokens, " a step"));
  }
  return absl::OkStatus();
}

}  // namespace poems::phi::cpu
