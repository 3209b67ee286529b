// How a CudaBackend comes to be: memory, algorithms, graphs.
#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "phi/cuda/check_model.h"
#include "phi/cuda/cuda_backend.h"

namespace poems::phi::cuda {

namespace gpu = chains::gpu::cuda;
using gpu::Calls;
using gpu::Check;
using gpu::Code;
using gpu::Status;

namespace {

constexpr int32_t kOldest = 75;  // the compute capability that kernels are compiled for at least
constexpr int32_t kMaxTokens = 1 << 14;
constexpr int32_t kMaxSequences = 1 << 12;  // SortKey has 12 bits
// Left to others and to the driver: graphs, kernels that are loaded later, the display.
constexpr int64_t kReserve = 256 << 20;

std::string CheckOptions(const BackendOptions& options) {
  if (options.max_step_tokens < 1 || options.max_step_tokens > kMaxTokens) {
    return "max_step_tokens is " + std::to_string(options.max_step_tokens) + ", not 1 to " +
           std::to_string(kMaxTokens);
  }
  if (options.max_step_sequences < 1 || options.max_step_sequences > kMaxSequences) {
    return "max_step_sequences is " + std::to_string(options.max_step_sequences) + ", not 1 to " +
           std::to_string(kMaxSequences);
  }
  return options.kv_bytes < 1 ? "kv_bytes is less than 1" : "";
}

PlanLimits LimitsOf(const Shape& shape, const BackendOptions& options) {
  PlanLimits limits;
  limits.vocab = shape.vocab;
  limits.max_positions = shape.max_positions;
  limits.sliding_window = shape.sliding_window;
  limits.heads = shape.heads;
  limits.kv_heads = shape.kv_heads;
  limits.max_tokens = options.max_step_tokens;
  limits.max_sequences = std::min(options.max_step_sequences, options.max_step_tokens);
  return limits;
}

}  // namespace

std::unique_ptr<CudaBackend> CudaBackend::Open(const Shape& shape, const Weights& weights,
                                               const BackendOptions& options, Status* status) {
  std::unique_ptr<CudaBackend> backend(new CudaBackend);
  *status = backend->Start(shape, weights, options);
  if (!status->ok()) backend.reset();
  return backend;
}

Status CudaBackend::Start(const Shape& shape, const Weights& weights,
                          const BackendOptions& options) {
  const gpu::Range range("poems.phi open");
  std::string problem = CheckOptions(options);
  if (problem.empty()) problem = CheckModel(shape, weights);
  if (!problem.empty()) return {Code::kInvalidArgument, problem};
  device_ = options.device;
  if (Status status = gpu::PropertiesOf(device_, &properties_); !status.ok()) return status;
  if (properties_.compute_capability < kOldest) {
    return {Code::kFailedPrecondition,
            "device " + std::to_string(device_) + " is too old: its compute capability is " +
                std::to_string(properties_.compute_capability / 10) + "." +
                std::to_string(properties_.compute_capability % 10) + ", and 7.5 is needed"};
  }
  const gpu::OnDevice here(device_);
  if (!here.status().ok()) return {here.status().code(), here.status().message()};
  const PlanLimits limits = LimitsOf(shape, options);
  const RunnerSizes sizes = {Bucket(limits.max_tokens), Bucket(limits.max_sequences)};
  Calls calls;
  calls(OpenStream());
  if (calls.ok()) calls(runner_.Open(shape, weights, sizes, properties_, stream_.get()));
  if (calls.ok()) calls(drawing_.Open(limits.max_sequences, shape.vocab, stream_.get()));
  if (calls.ok()) calls(AllocatePages(shape, options));
  if (calls.ok()) calls(AllocateStep());
  if (calls.ok()) {
    calls(graphs_.Capture(runner_, step_, seen_.as<uint32_t>(), next_.as<int32_t>(),
                          limits.max_sequences, stream_.get()));
  }
  if (calls.ok()) Describe(options);
  return std::move(calls).status();
}

Status CudaBackend::OpenStream() {
  Calls calls;
  calls(stream_.Open());
  calls(busy_.Open(device_));
  cudaEvent_t event = nullptr;
  calls(cudaEventCreateWithFlags(&event, cudaEventBlockingSync | cudaEventDisableTiming));
  done_.reset(event);
  return std::move(calls).status();
}

// As many pages as kv_bytes and the device allow.
Status CudaBackend::AllocatePages(const Shape& shape, const BackendOptions& options) {
  size_t free = 0;
  size_t total = 0;
  if (Status status = Check(cudaMemGetInfo(&free, &total)); !status.ok()) return status;
  const auto available = static_cast<int64_t>(free);
  const int64_t usable = available - std::min(kReserve, available / 4);
  const int64_t bytes = runner_.page_bytes();
  const int64_t most = INT32_MAX / kPageSize;  // numbers of positions are 32 bits
  const int64_t count = std::min({options.kv_bytes / bytes, usable / bytes, most});
  if (count < 1) {
    return {Code::kResourceExhausted, "no page of keys and values fits: one is " +
                                          std::to_string(bytes) + " bytes, kv_bytes is " +
                                          std::to_string(options.kv_bytes) +
                                          ", and beside the model " + std::to_string(usable) +
                                          " bytes of the device's memory can be used"};
  }
  if (Status status = runner_.AllocatePages(count, stream_.get()); !status.ok()) return status;
  info_.page_size = kPageSize;
  info_.page_count = static_cast<int32_t>(count);
  info_.page_bytes = bytes;

  PlanLimits limits = LimitsOf(shape, options);
  limits.page_count = info_.page_count;
  limits.max_slots = runner_.max_slots();
  limits.enough_works = runner_.decode().blocks;
  info_.max_step_tokens = limits.max_tokens;
  info_.max_step_sequences = limits.max_sequences;
  planner_ = std::make_unique<StepPlanner>(limits);
  return {};
}

// Zeros are a step that does no harm: it has no tile of attention, and writes to the first page.
Status CudaBackend::AllocateStep() {
  const PlanLayout& layout = planner_->layout();
  const int64_t outputs = Bucket(info_.max_step_sequences);
  const int64_t words = layout.words * 4;
  const int64_t seen = outputs * layout.seen_words * 4;
  const int64_t next = outputs * 4;
  Calls calls;
  calls(host_words_.Allocate(words));
  calls(host_seen_.Allocate(seen));
  calls(host_next_.Allocate(next));
  calls(words_.Allocate(words));
  calls(seen_.Allocate(seen));
  calls(next_.Allocate(next));
  if (!calls.ok()) return std::move(calls).status();
  calls(cudaMemsetAsync(words_.data(), 0, static_cast<size_t>(words), stream_.get()));
  calls(cudaMemsetAsync(seen_.data(), 0, static_cast<size_t>(seen), stream_.get()));
  step_ = {words_.as<int32_t>(), layout};
  return std::move(calls).status();
}

void CudaBackend::Describe(const BackendOptions& options) {
  chains::gpu::abi::DeviceInfo device;
  const bool known = gpu::DescribeDevice(options.device, &device).ok();
  std::snprintf(info_.name, sizeof info_.name, "%.200s, %s", known ? device.name : "GPU",
                runner_.model().bf16 ? "bf16" : "f16");
  info_.weight_bytes = runner_.step_bytes();
}

}  // namespace poems::phi::cuda
