#include "phi/cpu/forward.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <utility>

#include "phi/cpu/convert.h"

namespace poems::phi::cpu {
namespace {

// What is less than this many multiplications takes less time than waking a thread.
constexpr int64_t kWorthSharing = 100'000;

std::vector<float> AsFloats(const Tensor& tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.rows * tensor.columns));
  for (size_t i = 0; i < values.size(); ++i) values[i] = ElementOf(tensor, static_cast<int64_t>(i));
  return values;
}

int64_t Widest(const Shape& shape) {
  const int64_t attended = int64_t{shape.heads} * shape.head_dim;
  return std::max({int64_t{shape.hidden}, attended, int64_t{shape.intermediate}});
}

// Outputs that a thread computes at a time: some 64 KiB of weights, or less where there are few. A
// multiple of what tiles have, so that none is cut.
int64_t ChunkOf(const Tensor& weights, int threads) {
  constexpr int64_t kStep = 24;
  const int64_t bytes = weights.columns * BytesOf(weights.dtype) * kStep;
  const int64_t steps = std::min((int64_t{64} << 10) / bytes, weights.rows / (kStep * 4 * threads));
  return std::max<int64_t>(steps, 1) * kStep;
}

}  // namespace

Forward::Forward(const Shape& shape, const Weights& weights, const Kernels& kernels, KvCache cache,
                 const StepLimits& limits)
    : shape_(shape),
      weights_(weights),
      kernels_(kernels),
      pool_(limits.threads),
      attention_(shape, kernels, std::move(cache), limits.tokens, limits.threads),
      final_norm_(AsFloats(weights.final_norm)),
      residual_(limits.tokens * shape.hidden),
      packed_(limits.tokens * PackedStride(Widest(shape))),
      qkv_(limits.tokens * (int64_t{shape.heads} + 2 * shape.kv_heads) * shape.head_dim),
      attended_(limits.tokens * shape.heads * shape.head_dim),
      gate_up_(limits.tokens * 2 * shape.intermediate),
      logits_(std::min(limits.sequences, limits.tokens) * shape.vocab) {
  for (const LayerWeights& layer : std::span(weights.layers, weights.layer_count)) {
    input_norms_.push_back(AsFloats(layer.input_norm));
    post_attention_norms_.push_back(AsFloats(layer.post_attention_norm));
  }
  rows_.reserve(static_cast<size_t>(limits.sequences));
  wanted_.reserve(static_cast<size_t>(limits.sequences));
  for (int worker = 0; worker < limits.threads; ++worker) {
    scratch_.emplace_back(Widest(shape));
    samplers_.emplace_back(shape.vocab);
  }
}

absl::Status Forward::Run(std::span<SequenceStep> steps) {
  rows_.clear();
  wanted_.clear();
  tokens_ = 0;
  seen_ = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    rows_.push_back({.step = &steps[i], .first = tokens_});
    tokens_ += steps[i].token_count;
    seen_ += int64_t{steps[i].token_count} * (steps[i].position + steps[i].token_count);
    if (steps[i].sampling != nullptr || steps[i].logits != nullptr) {
      wanted_.push_back(static_cast<int32_t>(i));
    }
  }
  attention_.Begin(rows_);
  Embed(steps);
  for (int32_t layer = 0; layer < shape_.layers; ++layer) RunLayer(layer);
  return wanted_.empty() ? absl::OkStatus() : Draw(steps);
}

void Forward::Embed(std::span<SequenceStep> steps) {
  float* row = residual_.data();
  for (const SequenceStep& step : steps) {
    for (const int32_t token : std::span(step.tokens, static_cast<size_t>(step.token_count))) {
      const int64_t begin = int64_t{token} * shape_.hidden;
      for (int64_t i = 0; i < shape_.hidden; ++i) row[i] = ElementOf(weights_.embedding, begin + i);
      row += shape_.hidden;
    }
  }
}

void Forward::RunLayer(int32_t layer) {
  const LayerWeights& weights = weights_.layers[layer];
  const auto index = static_cast<size_t>(layer);
  PackRows(tokens_, weights.qkv, [&](int64_t row, float* scratch) {
    return Normalize(residual_.data() + row * shape_.hidden, input_norms_[index], scratch);
  });
  Multiply(tokens_, weights.qkv, qkv_.data(), false);
  Attend(layer);
  const int64_t attended = int64_t{shape_.heads} * shape_.head_dim;
  PackRows(tokens_, weights.attention_output,
           [&](int64_t row, float*) { return attended_.data() + row * attended; });
  Multiply(tokens_, weights.attention_output, residual_.data(), true);
  PackRows(tokens_, weights.gate_up, [&](int64_t row, float* scratch) {
    return Normalize(residual_.data() + row * shape_.hidden, post_attention_norms_[index], scratch);
  });
  Feed(weights);
}

void Forward::Attend(int32_t layer) {
  const auto attend = [&](int64_t item, int worker) {
    const Rows& rows = rows_[static_cast<size_t>(item / shape_.kv_heads)];
    const auto kv_head = static_cast<int32_t>(item % shape_.kv_heads);
    attention_.Run(layer, rows, kv_head, worker, qkv_.data(), attended_.data());
  };
  const int64_t items = static_cast<int64_t>(rows_.size()) * shape_.kv_heads;
  if (seen_ * shape_.heads * shape_.head_dim >= kWorthSharing) return pool_.For(items, attend);
  for (int64_t item = 0; item < items; ++item) attend(item, 0);
}

void Forward::Feed(const LayerWeights& layer) {
  Multiply(tokens_, layer.gate_up, gate_up_.data(), false);
  PackRows(tokens_, layer.down, [&](int64_t row, float* scratch) {
    const float* gate = gate_up_.data() + row * 2 * shape_.intermediate;
    kernels_.gate(gate, gate + shape_.intermediate, shape_.intermediate, scratch);
    return scratch;
  });
  Multiply(tokens_, layer.down, residual_.data(), true);
}

absl::Status Forward::Draw(std::span<SequenceStep> steps) {
  const auto count = static_cast<int64_t>(wanted_.size());
  PackRows(count, weights_.head, [&](int64_t index, float* scratch) {
    const Rows& rows = rows_[static_cast<size_t>(wanted_[index])];
    const int64_t last = rows.first + rows.step->token_count - 1;
    return Normalize(residual_.data() + last * shape_.hidden, final_norm_, scratch);
  });
  Multiply(count, weights_.head, logits_.data(), false);
  std::atomic<bool> finite = true;
  pool_.For(count, [&](int64_t index, int worker) {
    SequenceStep& step = steps[static_cast<size_t>(wanted_[index])];
    const float* logits = logits_.data() + index * shape_.vocab;
    if (step.logits != nullptr) std::copy_n(logits, shape_.vocab, step.logits);
    if (step.sampling == nullptr) return;
    step.next = samplers_[static_cast<size_t>(worker)].Draw(*step.sampling, logits);
    if (step.next < 0) finite.store(false, std::memory_order_relaxed);
  });
  if (finite) return absl::OkStatus();
  return absl::InternalError("logits are not finite: are the weights those of this model?");
}

void Forward::PackRows(int64_t rows, const Tensor& weights,
                       absl::FunctionRef<const float*(int64_t, float*)> fill) {
  const int64_t block = kernels_.PackBlock(weights.dtype);
  const int64_t stride = PackedStride(weights.columns);
  const auto pack = [&](int64_t row, int worker) {
    float* scratch = scratch_[static_cast<size_t>(worker)].data();
    Pack(fill(row, scratch), weights.columns, block, packed_.data() + row * stride);
  };
  if (rows * weights.columns >= kWorthSharing) return pool_.For(rows, pack);
  for (int64_t row = 0; row < rows; ++row) pack(row, 0);
}

// The row by the root of its mean square, and by the norm's weights.
const float* Forward::Normalize(const float* row, const Norm& norm, float* scratch) const {
  constexpr int64_t kParts = 16;  // sums that do not wait for each other
  std::array<float, kParts> parts{};
  const int64_t whole = shape_.hidden / kParts * kParts;
  for (int64_t begin = 0; begin < whole; begin += kParts) {
    for (int64_t i = 0; i < kParts; ++i) parts[i] += row[begin + i] * row[begin + i];
  }
  for (int64_t i = whole; i < shape_.hidden; ++i) parts[i - whole] += row[i] * row[i];
  double sum = 0;
  for (const float part : parts) sum += part;
  const auto scale = static_cast<float>(1 / std::sqrt(sum / shape_.hidden + shape_.norm_epsilon));
  for (int64_t i = 0; i < shape_.hidden; ++i) scratch[i] = row[i] * scale * norm[i];
  return scratch;
}

void Forward::Multiply(int64_t rows, const Tensor& weights, float* out, bool add) {
  const int64_t chunk = ChunkOf(weights, pool_.threads());
  const auto multiply = [&](int64_t first, int64_t last) {
    kernels_.multiply({.rows = packed_.data(),
                       .row_count = rows,
                       .weights = &weights,
                       .first = first,
                       .last = last,
                       .out = out,
                       .out_stride = weights.rows,
                       .add = add});
  };
  if (rows * weights.rows * weights.columns < kWorthSharing) return multiply(0, weights.rows);
  pool_.For((weights.rows + chunk - 1) / chunk, [&](int64_t item, int) {
    multiply(item * chunk, std::min((item + 1) * chunk, weights.rows));
  });
}

}  // namespace poems::phi::cpu
