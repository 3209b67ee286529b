// The next token: the largest logit, or one drawn by temperature, top_k and top_p.
#include <cub/device/device_radix_sort.cuh>

#include "phi/cuda/device.cuh"
#include "phi/cuda/selection.h"

namespace poems::phi::cuda {
namespace {

constexpr int kLargestThreads = 1024;
constexpr int kKeyThreads = 256;

__device__ float PenalizedLogit(const StepView& step, const Draw& draw, int32_t output,
                                int32_t token, float logit, const uint32_t* seen) {
  if (draw.penalty == 1) return logit;  // its bits were not copied
  const uint32_t bits = seen[output * step.layout.seen_words + token / 32];
  return Penalized(logit, (bits >> (token % 32) & 1) != 0, draw.penalty);
}

// Greater is better: the score, then the smaller token.
__device__ uint64_t Candidate(float score, int32_t token) {
  return static_cast<uint64_t>(Ordered(score)) << 32 | static_cast<uint32_t>(~token);
}

__device__ uint64_t WarpLargest(uint64_t x) {
  for (int step = 1; step < 32; step *= 2) {
    const uint64_t other = __shfl_xor_sync(0xffffffffU, static_cast<unsigned long long>(x), step);
    x = other > x ? other : x;
  }
  return x;
}

__global__ void __launch_bounds__(kLargestThreads)
    LargestKernel(ModelView model, StepView step, const float* logits, const uint32_t* seen,
                  int32_t* next) {
  const int32_t output = blockIdx.x;
  const Draw draw = Part<Draw>(step, step.layout.draws, output);
  const float* from = logits + output * model.logits_stride;
  uint64_t best = 0;  // below every number's
  for (int32_t token = threadIdx.x; token < model.vocab; token += kLargestThreads) {
    const float score = PenalizedLogit(step, draw, output, token, from[token], seen);
    const uint64_t candidate = Candidate(score, token);
    best = candidate > best ? candidate : best;
  }
  __shared__ uint64_t of_warp[32];
  best = WarpLargest(best);
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = best;
  __syncthreads();
  if (threadIdx.x >= 32) return;
  best = WarpLargest(of_warp[threadIdx.x]);
  if (threadIdx.x != 0) return;
  const bool none = best >> 32 == 0;  // not a number, all of them
  next[output] = none ? -1 : static_cast<int32_t>(~static_cast<uint32_t>(best));
}

__global__ void __launch_bounds__(kKeyThreads)
    KeysKernel(ModelView model, StepView step, int32_t first, const float* logits,
               const uint32_t* seen, uint64_t* keys) {
  const int32_t sequence = blockIdx.y;
  const int32_t output = Part<int32_t>(step, step.layout.sampled, first + sequence);
  const int32_t token = static_cast<int32_t>(blockIdx.x) * kKeyThreads + threadIdx.x;
  if (token >= model.vocab) return;
  const Draw draw = Part<Draw>(step, step.layout.draws, output);
  const float logit = logits[output * model.logits_stride + token];
  const float score = PenalizedLogit(step, draw, output, token, logit, seen);
  keys[int64_t{sequence} * model.vocab + token] = SortKey(sequence, score, token);
}

__device__ int32_t KeptByTopK(const ModelView& model, const Draw& draw) {
  return draw.top_k > 0 && draw.top_k < model.vocab ? draw.top_k : model.vocab;
}

__global__ void __launch_bounds__(kKeyThreads)
    ScaleKernel(ModelView model, StepView step, int32_t first, const uint64_t* sorted,
                float* scores) {
  const int64_t sequence = blockIdx.y;
  const int32_t i = static_cast<int32_t>(blockIdx.x) * kKeyThreads + threadIdx.x;
  if (i >= model.vocab) return;
  const int32_t output = Part<int32_t>(step, step.layout.sampled, first + sequence);
  const Draw draw = Part<Draw>(step, step.layout.draws, output);
  sorted += sequence * model.vocab;
  // Not a number for what is none, and for the infinite beside an infinite.
  const float below = __fsub_rn(ScoreOf(sorted[i]), ScoreOf(sorted[0]));
  float score = i == 0 ? 0 : kNothing;
  if (below <= 0) score = __fdiv_rn(below, draw.temperature);
  scores[sequence * model.vocab + i] = i < KeptByTopK(model, draw) ? score : kNothing;
}

// A block draws for one output.
__global__ void __launch_bounds__(kLanes)
    SelectKernel(ModelView model, StepView step, int32_t first, const uint64_t* sorted,
                 const float* probabilities, int32_t* next) {
  const int64_t sequence = blockIdx.x;
  const int32_t output = Part<int32_t>(step, step.layout.sampled, first + sequence);
  const Draw draw = Part<Draw>(step, step.layout.draws, output);
  sorted += sequence * model.vocab;
  probabilities += sequence * model.vocab;
  const int32_t count = KeptByTopK(model, draw);
  __shared__ double sums[kLanes];
  const int lane = threadIdx.x;
  sums[lane] = LaneSum(probabilities, count, lane);
  __syncthreads();
  if (lane != 0 || next[output] < 0) return;  // the latter: no logit was a number
  next[output] = TokenOf(sorted[Select(probabilities, count, sums, draw.top_p, draw.uniform)]);
}

}  // namespace

void Largest(const ModelView& model, const StepView& step, int32_t outputs, const float* logits,
             const uint32_t* seen, int32_t* next, cudaStream_t stream) {
  Launch(LargestKernel, outputs, kLargestThreads, 0, stream, model, step, logits, seen, next);
}

cudaError_t SortBytes(int64_t keys, size_t* bytes) {
  cub::DoubleBuffer<uint64_t> none;
  return cub::DeviceRadixSort::SortKeys(nullptr, *bytes, none, static_cast<int>(keys));
}

cudaError_t SortScores(const ModelView& model, const StepView& step, DrawnRange range,
                       const float* logits, const uint32_t* seen, const SortBuffers& buffers,
                       const uint64_t** sorted, cudaStream_t stream) {
  const dim3 blocks(static_cast<unsigned>(DivideUp(model.vocab, kKeyThreads)), range.count);
  Launch(KeysKernel, blocks, kKeyThreads, 0, stream, model, step, range.first, logits, seen,
         buffers.keys[0]);
  // One sort for all: the sequence leads the key. Bits above the sequences' are zero.
  cub::DoubleBuffer<uint64_t> keys(buffers.keys[0], buffers.keys[1]);
  const int bits = 32 + kTokenBits + std::bit_width(static_cast<uint32_t>(range.count - 1));
  size_t bytes = buffers.bytes;
  const cudaError_t result = cub::DeviceRadixSort::SortKeys(
      buffers.memory, bytes, keys, static_cast<int>(int64_t{range.count} * model.vocab), 0, bits,
      stream);
  *sorted = keys.Current();
  return result;
}

void ScaleScores(const ModelView& model, const StepView& step, DrawnRange range,
                 const uint64_t* sorted, float* scores, cudaStream_t stream) {
  const dim3 blocks(static_cast<unsigned>(DivideUp(model.vocab, kKeyThreads)), range.count);
  Launch(ScaleKernel, blocks, kKeyThreads, 0, stream, model, step, range.first, sorted, scores);
}

void SelectTokens(const ModelView& model, const StepView& step, DrawnRange range,
                  const uint64_t* sorted, const float* probabilities, int32_t* next,
                  cudaStream_t stream) {
  Launch(SelectKernel, range.count, kLanes, 0, stream, model, step, range.first, sorted,
         probabilities, next);
}

}  // namespace poems::phi::cuda
