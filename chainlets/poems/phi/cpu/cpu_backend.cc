#include "phi/cpu/cpu_backend.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "chains/core/text.h"
#include "phi/cpu/check.h"
#include "phi/cpu/forward.h"
#include "phi/cpu/kv_cache.h"

namespace poems::phi {
namespace {

constexpr int32_t kMostThreads = 256;
constexpr int32_t kMostStepTokens = 1 << 16;

template <size_t kSize>
void Fill(char (&to)[kSize], std::string_view text) {
  const size_t size = std::min(text.size(), kSize - 1);
  std::copy_n(text.data(), size, to);
  to[size] = '\0';
}

int64_t BytesOf(const Tensor& tensor) {
  return tensor.rows * tensor.columns * BytesOf(tensor.dtype);
}

int64_t WeightBytes(const Weights& weights) {
  int64_t bytes = weights.embedding.columns * BytesOf(weights.embedding.dtype) +
                  BytesOf(weights.final_norm) + BytesOf(weights.head);
  for (const LayerWeights& layer :
       std::span(weights.layers, static_cast<size_t>(weights.layer_count))) {
    for (const Tensor* tensor : {&layer.input_norm, &layer.qkv, &layer.attention_output,
                                 &layer.post_attention_norm, &layer.gate_up, &layer.down}) {
      bytes += BytesOf(*tensor);
    }
  }
  return bytes;
}

std::string_view NameOf(DType dtype) {
  switch (dtype) {
    case DType::kF16:
      return "f16";
    case DType::kBf16:
      return "bf16";
    case DType::kF32:
      break;
  }
  return "f32";
}

class CpuBackend final : public Backend {
 public:
  CpuBackend(const Shape& shape, const Weights& weights, const BackendInfo& info,
             const cpu::Kernels& kernels, cpu::KvCache cache, const cpu::StepLimits& limits)
      : shape_(shape),
        info_(info),
        page_users_(static_cast<size_t>(info.page_count) + 1),
        forward_(shape, weights, kernels, std::move(cache), limits) {}

  const BackendInfo& info() const override { return info_; }

  bool Step(SequenceStep* sequences, int32_t count, BackendError* error) override {
    const absl::Status ran = Run(sequences, count);
    if (ran.ok()) return true;
    error->code = static_cast<int32_t>(ran.code());
    Fill(error->message, chains::MessageOf(ran));
    return false;
  }

 private:
  absl::Status Run(SequenceStep* sequences, int32_t count) {
    if (count < 1 || sequences == nullptr) {
      return absl::InvalidArgumentError("a step has at least one sequence");
    }
    const std::span<SequenceStep> steps(sequences, static_cast<size_t>(count));
    absl::Status checked = cpu::CheckStep(shape_, info_, steps, page_users_);
    return checked.ok() ? forward_.Run(steps) : checked;
  }

  const Shape shape_;
  const BackendInfo info_;
  std::vector<uint64_t> page_users_;  // the step that used a page last; then the number of steps
  cpu::Forward forward_;
};

absl::Status CheckOptions(const BackendOptions& options) {
  for (const auto& [name, value, least, most] :
       {std::tuple("threads", options.threads, 0, kMostThreads),
        std::tuple("max_step_tokens", options.max_step_tokens, 1, kMostStepTokens),
        std::tuple("max_step_sequences", options.max_step_sequences, 1, kMostStepTokens)}) {
    if (value < least || value > most) {
      return absl::InvalidArgumentError(
          chains::Text(name, " is ", value, ", not in [", least, ", ", most, "]"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Backend>> MakeCpuBackend(const Shape& shape, const Weights& weights,
                                                        const BackendOptions& options) {
  return MakeCpuBackend(shape, weights, options, cpu::BestLevel());
}

absl::StatusOr<std::unique_ptr<Backend>> MakeCpuBackend(const Shape& shape, const Weights& weights,
                                                        const BackendOptions& options,
                                                        cpu::Level level) {
  if (absl::Status checked = CheckOptions(options); !checked.ok()) return checked;
  if (absl::Status checked = cpu::CheckModel(shape, weights); !checked.ok()) return checked;
  if (level > cpu::BestLevel()) {
    return absl::InvalidArgumentError(
        chains::Text("this processor does not have ", cpu::NameOf(level)));
  }
  const DType dtype = weights.layers[0].qkv.dtype;
  absl::StatusOr<cpu::KvCache> cache =
      cpu::KvCache::Make(shape, dtype != DType::kF32, options.kv_bytes, options.max_step_sequences);
  if (!cache.ok()) return cache.status();

  const int threads = options.threads > 0
                          ? options.threads
                          : static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U,
                                                        static_cast<unsigned>(kMostThreads)));
  BackendInfo info{.page_size = cpu::kPageSize,
                   .page_count = cache->page_count(),
                   .page_bytes = cache->page_bytes(),
                   .weight_bytes = WeightBytes(weights),
                   .max_step_tokens = options.max_step_tokens,
                   .max_step_sequences = options.max_step_sequences};
  Fill(info.name, chains::Text("CPU, ", cpu::NameOf(level), ", ", NameOf(dtype), " weights, ",
                               threads, threads == 1 ? " thread" : " threads"));
  return std::make_unique<CpuBackend>(shape, weights, info, cpu::KernelsOf(level),
                                      *std::move(cache),
                                      cpu::StepLimits{.tokens = options.max_step_tokens,
                                                      .sequences = options.max_step_sequences,
                                                      .threads = threads});
}

}  // namespace poems::phi
