#include "phi/cuda/runner.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace poems::phi::cuda {

namespace gpu = chains::gpu::cuda;
using gpu::Calls;
using gpu::Check;
using gpu::Code;
using gpu::Status;

namespace {

constexpr int64_t kWorkspaceBytes = 32 << 20;  // what cuBLAS' documentation recommends for sm_90
constexpr int64_t kMaxSlots = 1 << 16;

// Zeros: padding is never written to, and must not be NaN.
Status Zeroed(gpu::Buffer* buffer, int64_t bytes, cudaStream_t stream) {
  if (Status status = buffer->Allocate(bytes); !status.ok()) return status;
  return Check(cudaMemsetAsync(buffer->data(), 0, static_cast<size_t>(bytes), stream));
}

}  // namespace

void Runner::Describe(const Shape& shape, bool bf16) {
  const int32_t group = shape.heads / shape.kv_heads;
  layers_ = shape.layers;
  model_.bf16 = bf16;
  model_.hidden = shape.hidden;
  model_.heads = shape.heads;
  model_.kv_heads = shape.kv_heads;
  model_.head_dim = shape.head_dim;
  model_.rotary_half = shape.rotary_dim / 2;
  model_.intermediate = shape.intermediate;
  model_.vocab = shape.vocab;
  model_.sliding_window = shape.sliding_window;
  model_.head_parts = static_cast<int32_t>(DivideUp(group, kMaxTileRows));
  model_.epsilon = shape.norm_epsilon;
  model_.score_scale = static_cast<float>(1 / std::sqrt(static_cast<double>(shape.head_dim)));
  model_.short_scale = shape.short_rotary.scale;
  model_.long_scale = shape.long_rotary.scale;
  model_.hidden_stride = Padded(shape.hidden);
  model_.qkv_stride = Padded(int64_t{shape.heads + 2 * shape.kv_heads} * shape.head_dim);
  model_.attended_stride = Padded(int64_t{shape.heads} * shape.head_dim);
  model_.gate_up_stride = Padded(int64_t{2} * shape.intermediate);
  model_.intermediate_stride = Padded(shape.intermediate);
  model_.logits_stride = Padded(shape.vocab);
  model_.kv = {shape.kv_heads, static_cast<int32_t>(Padded(shape.head_dim))};
}

Status Runner::PlanKernels(const Shape& shape, RunnerSizes sizes,
                           const gpu::DeviceProperties& device) {
  const int64_t shared = AttentionSharedBytes(model_.kv.head_stride);
  if (shared > device.shared_memory_per_block) {
    return {Code::kUnimplemented, "heads of " + std::to_string(shape.head_dim) + " elements need " +
                                      std::to_string(shared) +
                                      " bytes of shared memory, and this device has " +
                                      std::to_string(device.shared_memory_per_block)};
  }
  Calls calls;
  calls(PlanAttention(model_, 1, device.multiprocessors, &decode_));
  calls(PlanAttention(model_, kMaxTileRows, device.multiprocessors, &prompt_));
  const int64_t chunks = DivideUp(shape.max_positions, kChunk);
  max_slots_ = static_cast<int32_t>(std::min(kMaxSlots, chunks * shape.heads * sizes.rows));
  return std::move(calls).status();
}

Status Runner::Open(const Shape& shape, const Weights& weights, RunnerSizes sizes,
                    const gpu::DeviceProperties& device, cudaStream_t stream) {
  Describe(shape, device.has_bf16());
  if (Status status = PlanKernels(shape, sizes, device); !status.ok()) return status;
  if (Status status = weights_.Upload(shape, weights, model_.bf16); !status.ok()) return status;
  model_.short_frequencies = weights_.short_frequencies();
  model_.long_frequencies = weights_.long_frequencies();
  if (Status status = Allocate(sizes, stream); !status.ok()) return status;
  return OpenProducts(sizes, stream);
}

Status Runner::Allocate(RunnerSizes sizes, cudaStream_t stream) {
  const int64_t rows = RoundUp(sizes.rows, kRowTile);
  const int64_t outputs = RoundUp(sizes.outputs, kRowTile);
  Calls calls;
  calls(workspace_.Allocate(kWorkspaceBytes));
  calls(Zeroed(&residual_, rows * model_.hidden_stride * 4, stream));
  calls(Zeroed(&angles_, rows * std::max(1, 2 * model_.rotary_half) * 4, stream));
  calls(Zeroed(&normed_, rows * model_.hidden_stride * 2, stream));
  calls(Zeroed(&qkv_, rows * model_.qkv_stride * 4, stream));
  calls(Zeroed(&attended_, rows * model_.attended_stride * 2, stream));
  calls(Zeroed(&gate_up_, rows * model_.gate_up_stride * 4, stream));
  calls(Zeroed(&gated_, rows * model_.intermediate_stride * 2, stream));
  calls(Zeroed(&last_, outputs * model_.hidden_stride * 2, stream));
  calls(Zeroed(&logits_, outputs * model_.logits_stride * 4, stream));
  calls(Zeroed(&partials_, max_slots_ * PartialFloats(model_.kv.head_stride) * 4, stream));
  return std::move(calls).status();
}

Status Runner::OpenProducts(RunnerSizes sizes, cudaStream_t stream) {
  struct Plan {
    Product* product;
    const char* name;
    const void* weights;
    const gpu::Buffer* from;
    const gpu::Buffer* to;
    int64_t outputs;
    int64_t inputs;
    int32_t rows;
  };
  const DeviceLayer& layer = weights_.layer(0);
  const int64_t hidden = model_.hidden_stride;
  const int64_t attended = model_.attended_stride;
  const int64_t gated = model_.intermediate_stride;
  const Plan plans[] = {
      {&qkv_product_, "qkv", layer.qkv, &normed_, &qkv_, model_.qkv_stride, hidden, sizes.rows},
      {&attention_output_product_, "attention_output", layer.attention_output, &attended_,
       &residual_, hidden, attended, sizes.rows},
      {&gate_up_product_, "gate_up", layer.gate_up, &normed_, &gate_up_, model_.gate_up_stride,
       hidden, sizes.rows},
      {&down_product_, "down", layer.down, &gated_, &residual_, hidden, gated, sizes.rows},
      {&head_product_, "head", weights_.head(), &last_, &logits_, model_.logits_stride, hidden,
       sizes.outputs},
  };
  const Workspace workspace = {workspace_.data(), workspace_.bytes()};
  if (Status status = blas_.Open(); !status.ok()) return status;
  for (const Plan& plan : plans) {
    const auto rows = static_cast<int32_t>(RoundUp(plan.rows, kRowTile));
    const Product::Trial trial = {plan.weights, plan.from->data(), plan.to->as<float>(), rows};
    Calls calls;
    calls(plan.product->Open(blas_.get(), {plan.name, model_.bf16, plan.outputs, plan.inputs},
                             workspace));
    if (calls.ok()) calls(plan.product->Choose(trial, stream));
    // The trial's noise lies in the padding too.
    calls(cudaMemsetAsync(plan.from->data(), 0, static_cast<size_t>(plan.from->bytes()), stream));
    calls(cudaMemsetAsync(plan.to->data(), 0, static_cast<size_t>(plan.to->bytes()), stream));
    if (!calls.ok()) return std::move(calls).status();
  }
  return Check(cudaStreamSynchronize(stream));
}

int64_t Runner::page_bytes() const { return PageElements(model_.kv) * 2 * layers_; }

Status Runner::AllocatePages(int64_t count, cudaStream_t stream) {
  layer_bytes_ = count * PageElements(model_.kv) * 2;
  return Zeroed(&pages_, layer_bytes_ * layers_, stream);
}

Status Runner::LaunchLayer(const StepView& step, int32_t layer, int32_t rows,
                           const AttentionLaunch& attention, cudaStream_t stream) const {
  const DeviceLayer& weights = weights_.layer(layer);
  auto* residual = residual_.as<float>();
  auto* qkv = qkv_.as<float>();
  void* pages = pages_.as<char>() + layer * layer_bytes_;
  Calls calls;
  Normalize(model_, step, rows, false, residual, weights.input_norm, normed_.data(), stream);
  calls(qkv_product_.Run(weights.qkv, normed_.data(), qkv, rows, false, stream));
  TurnAndAppend(model_, step, rows, angles_.as<float>(), qkv, pages, stream);
  Attend(model_, step, attention, qkv, pages, partials_.as<float>(), attended_.data(), stream);
  calls(attention_output_product_.Run(weights.attention_output, attended_.data(), residual, rows,
                                      true, stream));
  Normalize(model_, step, rows, false, residual, weights.post_attention_norm, normed_.data(),
            stream);
  calls(gate_up_product_.Run(weights.gate_up, normed_.data(), gate_up_.as<float>(), rows, false,
                             stream));
  Gate(model_, rows, gate_up_.as<float>(), gated_.data(), stream);
  calls(down_product_.Run(weights.down, gated_.data(), residual, rows, true, stream));
  calls(cudaGetLastError());
  return std::move(calls).status();
}

Status Runner::Launch(const StepView& step, const uint32_t* seen, int32_t* next, int32_t rows,
                      int32_t outputs, const AttentionLaunch& attention,
                      cudaStream_t stream) const {
  auto* residual = residual_.as<float>();
  Embed(model_, step, rows, weights_.embedding(), residual, angles_.as<float>(), stream);
  for (int32_t layer = 0; layer < layers_; ++layer) {
    Status status = LaunchLayer(step, layer, rows, attention, stream);
    if (!status.ok()) return status;
  }
  if (outputs == 0) return Check(cudaGetLastError());
  Calls calls;
  auto* logits = logits_.as<float>();
  Normalize(model_, step, outputs, true, residual, weights_.final_norm(), last_.data(), stream);
  calls(head_product_.Run(weights_.head(), last_.data(), logits, outputs, false, stream));
  Largest(model_, step, outputs, logits, seen, next, stream);
  calls(cudaGetLastError());
  return std::move(calls).status();
}

}  // namespace poems::phi::cuda
