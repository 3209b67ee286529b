// Kernels that take each row by itself: embedding, normalisation, rotary embedding, gate.
#include "phi/cuda/device.cuh"

namespace poems::phi::cuda {
namespace {

constexpr int kThreads = 256;

template <typename Half>
__global__ void __launch_bounds__(kThreads)
    EmbedKernel(ModelView model, StepView step, const Half* table, float* residual, float* angles) {
  const int64_t row = blockIdx.x;
  const Half* from = table + Part<int32_t>(step, step.layout.tokens, row) * model.hidden_stride;
  float* to = residual + row * model.hidden_stride;
  for (int64_t i = threadIdx.x; i < model.hidden_stride; i += kThreads) to[i] = Load(from[i]);

  // In double: a float's product with a position of 100000 would be off by a hundredth of a radian.
  const double position = Part<int32_t>(step, step.layout.positions, row);
  const bool far = Part<int32_t>(step, step.layout.long_context, row) != 0;
  const float* frequencies = far ? model.long_frequencies : model.short_frequencies;
  const float scale = far ? model.long_scale : model.short_scale;
  float* cosines = angles + row * 2 * model.rotary_half;
  for (int i = threadIdx.x; i < model.rotary_half; i += kThreads) {
    double sine = 0;
    double cosine = 0;
    sincos(position * static_cast<double>(frequencies[i]), &sine, &cosine);
    cosines[i] = static_cast<float>(cosine * scale);
    cosines[model.rotary_half + i] = static_cast<float>(sine * scale);
  }
}

// Sum over the block; every thread gets the same bits.
__device__ float BlockSum(float x) {
  __shared__ float of_warp[kThreads / 32];
  x = WarpSum(x);
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = x;
  __syncthreads();
  float sum = 0;
  for (int i = 0; i < kThreads / 32; ++i) sum = __fadd_rn(sum, of_warp[i]);
  return sum;
}

template <typename Half>
__global__ void __launch_bounds__(kThreads)
    NormalizeKernel(ModelView model, const int32_t* rows, const float* residual,
                    const float* weight, Half* to) {
  const int64_t row = rows == nullptr ? blockIdx.x : rows[blockIdx.x];
  const float* from = residual + row * model.hidden_stride;
  float squares = 0;
  for (int64_t i = threadIdx.x; i < model.hidden_stride; i += kThreads) {
    squares = __fmaf_rn(from[i], from[i], squares);
  }
  const float mean = __fdiv_rn(BlockSum(squares), static_cast<float>(model.hidden));
  const float factor = __fdiv_rn(1.0F, __fsqrt_rn(__fadd_rn(mean, model.epsilon)));
  Half* out = to + blockIdx.x * model.hidden_stride;
  for (int64_t i = threadIdx.x; i < model.hidden; i += kThreads) {
    Store(&out[i], __fmul_rn(__fmul_rn(from[i], factor), weight[i]));
  }
}

// A block for each head of queries, keys and values of a row.
template <typename Half>
__global__ void TurnAndAppendKernel(ModelView model, StepView step, const float* angles, float* qkv,
                                    Half* kv) {
  const int64_t row = blockIdx.x;
  const int head = blockIdx.y;
  const int32_t slot = Part<int32_t>(step, step.layout.kv_slots, row);
  if (slot < 0) return;  // no row
  const bool is_query = head < model.heads;
  const bool is_value = head >= model.heads + model.kv_heads;
  float* from = qkv + row * model.qkv_stride + int64_t{head} * model.head_dim;
  const int kv_head = is_query ? 0 : (head - model.heads) % model.kv_heads;
  Half* to = kv + KeyAt(model.kv, slot / kPageSize, kv_head, slot % kPageSize) +
             (is_value ? ValueAfterKey(model.kv) : 0);

  const float* cosines = angles + row * 2 * model.rotary_half;
  const float* sines = cosines + model.rotary_half;
  const int turning = is_value ? 0 : model.rotary_half;
  for (int i = threadIdx.x; i < turning; i += blockDim.x) {
    const Pair turned = Turn({from[i], from[i + turning]}, cosines[i], sines[i]);
    if (is_query) {
      from[i] = turned.first;
      from[i + turning] = turned.second;
    } else {
      Store(&to[i], turned.first);
      Store(&to[i + turning], turned.second);
    }
  }
  if (is_query) return;
  for (int i = 2 * turning + threadIdx.x; i < model.head_dim; i += blockDim.x) {
    Store(&to[i], from[i]);
  }
}

template <typename Half>
__global__ void __launch_bounds__(kThreads)
    GateKernel(ModelView model, const float* gate_up, Half* to) {
  const int64_t row = blockIdx.y;
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= model.intermediate) return;
  const float* from = gate_up + row * model.gate_up_stride;
  const float gate = from[i];
  const float silu = __fdiv_rn(gate, __fadd_rn(1.0F, expf(-gate)));
  Store(&to[row * model.intermediate_stride + i], __fmul_rn(silu, from[model.intermediate + i]));
}

}  // namespace

void Embed(const ModelView& model, const StepView& step, int32_t rows, const void* table,
           float* residual, float* angles, cudaStream_t stream) {
  WithType(model.bf16, [&](auto type) {
    using Half = decltype(type);
    Launch(EmbedKernel<Half>, rows, kThreads, 0, stream, model, step,
           static_cast<const Half*>(table), residual, angles);
  });
}

void Normalize(const ModelView& model, const StepView& step, int32_t rows, bool outputs,
               const float* residual, const float* weight, void* to, cudaStream_t stream) {
  const int32_t* indices = outputs ? step.words + step.layout.output_rows : nullptr;
  WithType(model.bf16, [&](auto type) {
    using Half = decltype(type);
    Launch(NormalizeKernel<Half>, rows, kThreads, 0, stream, model, indices, residual, weight,
           static_cast<Half*>(to));
  });
}

void TurnAndAppend(const ModelView& model, const StepView& step, int32_t rows, const float* angles,
                   float* qkv, void* kv, cudaStream_t stream) {
  const dim3 blocks(rows, model.heads + 2 * model.kv_heads);
  WithType(model.bf16, [&](auto type) {
    using Half = decltype(type);
    Launch(TurnAndAppendKernel<Half>, blocks, 64, 0, stream, model, step, angles, qkv,
           static_cast<Half*>(kv));
  });
}

void Gate(const ModelView& model, int32_t rows, const float* gate_up, void* to,
          cudaStream_t stream) {
  const dim3 blocks(static_cast<unsigned>(DivideUp(model.intermediate, kThreads)), rows);
  WithType(model.bf16, [&](auto type) {
    using Half = decltype(type);
    Launch(GateKernel<Half>, blocks, kThreads, 0, stream, model, gate_up, static_cast<Half*>(to));
  });
}

}  // namespace poems::phi::cuda
