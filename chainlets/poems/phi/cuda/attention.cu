// Attention over paged keys and values, for prompts and single tokens alike.
//
// One block takes a piece of work: the rows of a tile that share a key head, over one chunk of
// positions (a split tile) or over all of them. Whichever it is, a row's arithmetic is the same, in
// the same order: each chunk by itself, part after part, then the chunks' results merged from the
// first on. So a row gets the same bits however the work is cut; this is why prompts are not given
// to a library's fused kernel, which would add up in an order of its own.
#include "phi/cuda/attention_chunk.cuh"

namespace poems::phi::cuda {
namespace attention {
namespace {

template <typename Half>
__device__ void MergeChunk(const Arguments& a, const Work& work, const Shared<Half>& shared) {
  for (int row = threadIdx.x; row < work.rows; row += kThreads) {
    const Rescale merge = MergeOf(shared.merged_max[row], shared.max[row]);
    shared.keep[row] = expf(merge.keep);
    shared.add[row] = expf(merge.add);
    shared.merged_max[row] = merge.max;
    shared.merged_sum[row] =
        Merged(shared.merged_sum[row], shared.keep[row], shared.sum[row], shared.add[row]);
  }
  __syncthreads();
  const int32_t stride = a.model.kv.head_stride;
  for (int i = threadIdx.x; i < work.rows * stride; i += kThreads) {
    const int row = i / stride;
    shared.merged[i] = Merged(shared.merged[i], shared.keep[row], shared.sums[i], shared.add[row]);
  }
  __syncthreads();
}

template <typename Half>
__device__ void WritePartial(const Arguments& a, const Work& work, const Shared<Half>& shared) {
  const int32_t stride = a.model.kv.head_stride;
  const int64_t floats = PartialFloats(stride);
  for (int i = threadIdx.x; i < work.rows * stride; i += kThreads) {
    const int row = i / stride;
    const int d = i % stride;
    const int64_t of_row = int64_t{row / work.heads} * a.model.heads + work.HeadOf(row);
    const int64_t slot =
        work.tile.slot + of_row * work.tile.chunks + (work.first_chunk - work.tile.first_chunk);
    float* to = a.partials + slot * floats;
    to[4 + d] = shared.sums[i];
    if (d == 0) {
      to[0] = shared.max[row];
      to[1] = shared.sum[row];
    }
  }
}

template <typename Half>
__global__ void __launch_bounds__(kThreads) AttendKernel(Arguments a, const Half* kv, Half* to) {
  const Shared<Half> shared(SharedMemory(), a.row_capacity, a.model.kv.head_stride);
  const int32_t works = Part<PlanHeader>(a.step, a.step.layout.header).works;
  for (int32_t index = blockIdx.x; index < works; index += gridDim.x) {
    const Work work = Find(a.model, a.step, index);
    Begin(a, work, shared);
    for (int32_t i = 0; i < work.chunks; ++i) {
      __syncthreads();
      Chunk(a, work, kv, work.first_chunk + i, shared);
      if (work.tile.slot < 0) MergeChunk(a, work, shared);
    }
    if (work.tile.slot >= 0) {
      WritePartial(a, work, shared);
    } else {
      const int32_t stride = a.model.kv.head_stride;
      for (int i = threadIdx.x; i < work.rows * stride; i += kThreads) {
        const int row = i / stride;
        const int d = i % stride;
        if (d >= a.model.head_dim) continue;
        const int64_t at = (work.tile.first_row + row / work.heads) * a.model.attended_stride +
                           int64_t{work.HeadOf(row)} * a.model.head_dim + d;
        Store(&to[at], __fdiv_rn(shared.merged[i], shared.merged_sum[row]));
      }
    }
    __syncthreads();  // the next work writes over all of it
  }
}

// The second pass: a row's chunks, merged from the first on. A block takes a row's head at a time.
template <typename Half>
__global__ void __launch_bounds__(kThreads) CombineKernel(Arguments a, Half* to) {
  const int32_t works = Part<PlanHeader>(a.step, a.step.layout.header).combines * a.model.heads;
  const int64_t floats = PartialFloats(a.model.kv.head_stride);
  for (int32_t index = blockIdx.x; index < works; index += gridDim.x) {
    const Combine combine = Part<Combine>(a.step, a.step.layout.combines, index / a.model.heads);
    const int32_t head = index % a.model.heads;
    const float* first = a.partials + (combine.slot + int64_t{head} * combine.chunks) * floats;
    for (int d = threadIdx.x; d < a.model.head_dim; d += kThreads) {
      float max = kNothing;
      float sum = 0;
      float value = 0;
      for (int32_t chunk = 0; chunk < combine.chunks; ++chunk) {
        const float* partial = first + chunk * floats;
        const Rescale merge = MergeOf(max, partial[0]);
        const float keep = expf(merge.keep);
        const float add = expf(merge.add);
        sum = Merged(sum, keep, partial[1], add);
        value = Merged(value, keep, partial[4 + d], add);
        max = merge.max;
      }
      Store(&to[combine.row * a.model.attended_stride + int64_t{head} * a.model.head_dim + d],
            __fdiv_rn(value, sum));
    }
  }
}

}  // namespace
}  // namespace attention

using attention::AttendKernel;
using attention::CombineKernel;
using attention::kQuad;
using attention::kThreads;

int64_t AttentionSharedBytes(int32_t head_stride) {
  return attention::SharedBytes(kMaxTileRows, head_stride);
}

cudaError_t PlanAttention(const ModelView& model, int32_t tokens, int32_t multiprocessors,
                          AttentionLaunch* launch) {
  const int32_t heads = min(kMaxTileRows, model.heads / model.kv_heads);
  const int32_t stride = model.kv.head_stride;
  launch->row_capacity = static_cast<int32_t>(RoundUp(min(tokens * heads, kMaxTileRows), kQuad));
  launch->shared_bytes = attention::SharedBytes(launch->row_capacity, stride);
  cudaError_t result = cudaSuccess;
  int resident = 0;
  WithType(model.bf16, [&](auto type) {
    const auto* kernel = reinterpret_cast<const void*>(AttendKernel<decltype(type)>);
    result = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                  static_cast<int>(AttentionSharedBytes(stride)));
    if (result != cudaSuccess) return;
    result = cudaOccupancyMaxActiveBlocksPerMultiprocessor(
        &resident, kernel, kThreads, static_cast<size_t>(launch->shared_bytes));
  });
  launch->blocks = multiprocessors * max(resident, 1);
  return result;
}

void Attend(const ModelView& model, const StepView& step, const AttentionLaunch& launch,
            const float* qkv, const void* kv, float* partials, void* to, cudaStream_t stream) {
  const attention::Arguments arguments = {model, step, qkv, partials, launch.row_capacity};
  WithType(model.bf16, [&](auto type) {
    using Half = decltype(type);
    Launch(AttendKernel<Half>, launch.blocks, kThreads, launch.shared_bytes, stream, arguments,
           static_cast<const Half*>(kv), static_cast<Half*>(to));
    Launch(CombineKernel<Half>, launch.blocks, kThreads, 0, stream, arguments,
           static_cast<Half*>(to));
  });
}

}  // namespace poems::phi::cuda
