#include "phi/cpu/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace poems::phi::cpu {

Attention::Attention(const Shape& shape, const Kernels& kernels, KvCache cache,
                     int64_t max_step_tokens, int workers)
    : shape_(shape),
      kernels_(kernels),
      cache_(std::move(cache)),
      qkv_columns_((int64_t{shape.heads} + 2 * shape.kv_heads) * shape.head_dim),
      turns_(static_cast<size_t>(max_step_tokens * shape.rotary_dim)) {
  const int64_t most = (int64_t{shape.max_positions} + kPageSize - 1) / kPageSize;
  const auto pages = static_cast<size_t>(std::min<int64_t>(most, cache_.page_count()));
  const auto padded = static_cast<size_t>(cache_.head().padded_dim);
  for (int worker = 0; worker < workers; ++worker) {
    scratch_.push_back({.pages = std::vector<const std::byte*>(pages),
                        .scores = std::vector<float>(pages * kPageSize),
                        .turned = std::vector<float>(padded),
                        .weighed = std::vector<float>(padded),
                        .halves = std::vector<uint16_t>(padded)});
  }
}

void Attention::Begin(std::span<const Rows> sequences) {
  const int32_t half = shape_.rotary_dim / 2;
  for (const Rows& rows : sequences) {
    const SequenceStep& step = *rows.step;
    const Rotary& rotary = step.long_context ? shape_.long_rotary : shape_.short_rotary;
    float* turn = turns_.data() + rows.first * shape_.rotary_dim;
    for (int32_t token = 0; token < step.token_count; ++token) {
      const double position = step.position + token;
      for (int32_t i = 0; i < half; ++i) {
        // In double: at far positions a float's angle is off by more than a bf16's precision.
        const double angle = position * static_cast<double>(rotary.frequencies[i]);
        turn[i] = static_cast<float>(std::cos(angle)) * rotary.scale;
        turn[half + i] = static_cast<float>(std::sin(angle)) * rotary.scale;
      }
      turn += shape_.rotary_dim;
    }
  }
}

void Attention::Run(int32_t layer, const Rows& rows, int32_t kv_head, int worker, const float* qkv,
                    float* out) {
  Scratch& scratch = scratch_[static_cast<size_t>(worker)];
  Append(layer, rows, kv_head, scratch, qkv);
  const int32_t group = shape_.heads / shape_.kv_heads;
  const float scale = 1 / std::sqrt(static_cast<float>(shape_.head_dim));
  for (int32_t token = 0; token < rows.step->token_count; ++token) {
    const int64_t row = rows.first + token;
    for (int32_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
      const int64_t at = int64_t{head} * shape_.head_dim;
      Turn(qkv + row * qkv_columns_ + at, row, scale, scratch.turned.data());
      Attend(rows.step->position + token, scratch, out + row * shape_.heads * shape_.head_dim + at);
    }
  }
}

// Keys and values of the new tokens into their pages; then all pages are listed.
void Attention::Append(int32_t layer, const Rows& rows, int32_t kv_head, Scratch& scratch,
                       const float* qkv) const {
  const SequenceStep& step = *rows.step;
  const int64_t keys_at = (int64_t{shape_.heads} + kv_head) * shape_.head_dim;
  const int64_t values_at = keys_at + int64_t{shape_.kv_heads} * shape_.head_dim;
  for (int32_t token = 0; token < step.token_count; ++token) {
    const int64_t row = rows.first + token;
    const float* columns = qkv + row * qkv_columns_;
    const int64_t position = step.position + token;
    Turn(columns + keys_at, row, 1, scratch.turned.data());
    cache_.Put(kernels_, cache_.Page(step.pages[position / kPageSize], layer, kv_head),
               position % kPageSize, scratch.turned.data(), columns + values_at,
               scratch.halves.data());
  }
  const int64_t pages = (step.position + step.token_count - 1) / kPageSize + 1;
  for (int64_t page = 0; page < pages; ++page) {
    scratch.pages[static_cast<size_t>(page)] = cache_.Page(step.pages[page], layer, kv_head);
  }
}

void Attention::Turn(const float* from, int64_t row, float scale, float* to) const {
  const int32_t half = shape_.rotary_dim / 2;
  const float* cosines = turns_.data() + row * shape_.rotary_dim;
  const float* sines = cosines + half;
  for (int32_t i = 0; i < half; ++i) {
    const float a = from[i];
    const float b = from[half + i];
    to[i] = (a * cosines[i] - b * sines[i]) * scale;
    to[half + i] = (b * cosines[i] + a * sines[i]) * scale;
  }
  for (int32_t i = shape_.rotary_dim; i < shape_.head_dim; ++i) to[i] = from[i] * scale;
}

void Attention::Attend(int32_t position, Scratch& scratch, float* out) const {
  HeadPages head = cache_.head();
  head.pages = scratch.pages.data();
  head.last = int64_t{position} + 1;
  if (shape_.sliding_window > 0) {
    head.first = std::max<int64_t>(head.last - shape_.sliding_window, 0);
  }
  float* scores = scratch.scores.data();
  kernels_.score(scratch.turned.data(), head, scores);
  // Pages are compared as a whole; what of them is not seen counts nothing.
  const int64_t begin = head.first / kPageSize * kPageSize;
  const int64_t end = (head.last + kPageSize - 1) / kPageSize * kPageSize;
  constexpr float kUnseen = -std::numeric_limits<float>::infinity();
  std::fill(scores + begin, scores + head.first, kUnseen);
  std::fill(scores + head.last, scores + end, kUnseen);
  const float sum = kernels_.exponentials(scores + begin, end - begin);
  kernels_.weigh(scores, head, scratch.weighed.data());
  for (int32_t i = 0; i < shape_.head_dim; ++i) out[i] = scratch.weighed[i] / sum;
}

}  // namespace poems::phi::cpu
