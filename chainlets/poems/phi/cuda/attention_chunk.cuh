// What a block of attention does with one chunk of positions; attention.cu has the whole.
//
// Keys and values come into shared memory part by part (kPart positions). For each part: scores,
// weights by the running maximum of the chunk, and weighted sums of values. Every row's additions
// are in one order, told by its own position: rows beside it, and positions that it does not see,
// change no bit. Intrinsics such as __fmaf_rn keep the compiler from choosing which products to
// fuse.
#pragma once

#include "phi/cuda/device.cuh"

namespace poems::phi::cuda::attention {

inline constexpr int kThreads = 128;
inline constexpr int kWarps = kThreads / 32;
inline constexpr int kLanesOfPosition =
    kThreads / kPart;                           // threads that share a position's dot product
inline constexpr int kScoreStride = kPart + 4;  // keeps rows aligned to 16 bytes
inline constexpr int kQuad = 4;                 // rows that a thread takes together
static_assert(kLanesOfPosition == kQuad && kChunk % kPart == 0 && kChunk % kPageSize == 0);

// Per row: queries, the chunk's values and the merged values; scores; seven scalars.
constexpr int32_t FloatsOfRow(int32_t head_stride) { return 3 * head_stride + kScoreStride + 8; }
// Elements of a key or value in shared memory: padded so that rows fall on different banks.
constexpr int32_t SharedStride(int32_t head_stride) { return head_stride + kVector; }

constexpr int32_t SharedBytes(int32_t rows, int32_t head_stride) {
  return 2 * kPart * SharedStride(head_stride) * 2 + rows * FloatsOfRow(head_stride) * 4;
}

struct Arguments {
  ModelView model;
  StepView step;
  const float* qkv = nullptr;
  float* partials = nullptr;
  int32_t row_capacity = 0;
};

// Where things are in shared memory.
template <typename Half>
struct Shared {
  Half* keys;
  Half* values;
  float* queries;
  float* sums;    // of the chunk, not yet divided
  float* merged;  // of the chunks before
  float* scores;
  float* max;  // of the chunk, each row's
  float* sum;
  float* rescale;
  float* merged_max;
  float* merged_sum;
  float* keep;
  float* add;

  __device__ Shared(void* memory, int32_t rows, int32_t head_stride) {
    keys = static_cast<Half*>(memory);
    values = keys + kPart * SharedStride(head_stride);
    queries = reinterpret_cast<float*>(values + kPart * SharedStride(head_stride));
    sums = queries + rows * head_stride;
    merged = sums + rows * head_stride;
    scores = merged + rows * head_stride;
    max = scores + rows * kScoreStride;
    sum = max + rows;
    rescale = sum + rows;
    merged_max = rescale + rows;
    merged_sum = merged_max + rows;
    keep = merged_sum + rows;
    add = keep + rows;
  }
};

// What a block works on.
struct Work {
  Tile tile;
  int32_t kv_head = 0;
  int32_t first_head = 0;  // query head of the first row
  int32_t heads = 0;       // rows of a position
  int32_t rows = 0;
  int32_t first_chunk = 0;
  int32_t chunks = 0;
  int32_t first_seen = 0;  // by any row
  int32_t last_seen = 0;

  __device__ int32_t PositionOf(int32_t row) const { return tile.position + row / heads; }
  __device__ int32_t HeadOf(int32_t row) const { return first_head + row % heads; }
};

__device__ inline Work Find(const ModelView& model, const StepView& step, int32_t index) {
  int32_t low = 0;  // the last tile that begins at or before the index
  int32_t high = Part<PlanHeader>(step, step.layout.header).tiles - 1;
  while (low < high) {
    const int32_t middle = (low + high + 1) / 2;
    if (Part<Tile>(step, step.layout.tiles, middle).first_work <= index) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  Work work;
  work.tile = Part<Tile>(step, step.layout.tiles, low);
  int32_t rest = index - work.tile.first_work;
  work.first_chunk = work.tile.first_chunk;
  work.chunks = work.tile.chunks;
  if (work.tile.slot >= 0) {
    work.first_chunk += rest % work.tile.chunks;
    rest /= work.tile.chunks;
    work.chunks = 1;
  }
  const int32_t group = model.heads / model.kv_heads;
  const int32_t part = rest % model.head_parts;
  work.kv_head = rest / model.head_parts;
  work.first_head = work.kv_head * group + part * kMaxTileRows;
  work.heads = min(kMaxTileRows, group - part * kMaxTileRows);
  work.rows = work.tile.tokens * work.heads;
  work.first_seen = FirstSeen(work.tile.position, model.sliding_window);
  work.last_seen = work.tile.position + work.tile.tokens - 1;
  return work;
}

// Queries of the tile's rows; zeros for rows up to the capacity and elements up to the stride.
template <typename Half>
__device__ void Begin(const Arguments& a, const Work& work, const Shared<Half>& shared) {
  const int32_t stride = a.model.kv.head_stride;
  for (int i = threadIdx.x; i < a.row_capacity * stride; i += kThreads) {
    const int row = i / stride;
    const int d = i % stride;
    float query = 0;
    if (row < work.rows && d < a.model.head_dim) {
      const int64_t at = (work.tile.first_row + row / work.heads) * a.model.qkv_stride +
                         int64_t{work.HeadOf(row)} * a.model.head_dim + d;
      query = a.qkv[at];
    }
    shared.queries[i] = query;
    shared.merged[i] = 0;
  }
  for (int row = threadIdx.x; row < a.row_capacity; row += kThreads) {
    shared.merged_max[row] = kNothing;
    shared.merged_sum[row] = 0;
    shared.rescale[row] = 1;
  }
}

// Keys and values of positions [first, first + kPart), zeros where no row sees them: memory that
// was never written may hold NaN, which times zero is NaN.
template <typename Half>
__device__ void LoadPart(const Arguments& a, const Work& work, const Half* kv, int32_t first,
                         const Shared<Half>& shared) {
  const int32_t stride = a.model.kv.head_stride;
  const int32_t vectors = stride / kVector;
  for (int i = threadIdx.x; i < kPart * vectors; i += kThreads) {
    const int in_part = i / vectors;
    const int at = in_part * SharedStride(stride) + (i % vectors) * kVector;
    const int32_t position = first + in_part;
    uint4 key = {0, 0, 0, 0};
    uint4 value = {0, 0, 0, 0};
    if (position >= work.first_seen && position <= work.last_seen) {
      const int32_t page =
          Part<int32_t>(a.step, a.step.layout.pages, work.tile.pages + position / kPageSize);
      const Half* from = kv + KeyAt(a.model.kv, page, work.kv_head, position % kPageSize) +
                         (i % vectors) * kVector;
      key = *reinterpret_cast<const uint4*>(from);
      value = *reinterpret_cast<const uint4*>(from + ValueAfterKey(a.model.kv));
    }
    *reinterpret_cast<uint4*>(shared.keys + at) = key;
    *reinterpret_cast<uint4*>(shared.values + at) = value;
  }
}

// scores[row][position] = query * key, scaled; kNothing where the row does not see the position.
// Four threads share a position, each takes every fourth vector of the head.
template <typename Half>
__device__ void Score(const Arguments& a, const Work& work, int32_t first,
                      const Shared<Half>& shared) {
  const int32_t stride = a.model.kv.head_stride;
  const int in_part = threadIdx.x / kLanesOfPosition;
  const int lane = threadIdx.x % kLanesOfPosition;
  const uint4* key = reinterpret_cast<const uint4*>(shared.keys + in_part * SharedStride(stride));
  for (int quad = 0; quad < work.rows; quad += kQuad) {
    float dots[kQuad] = {};
    for (int vector = lane; vector < stride / kVector; vector += kLanesOfPosition) {
      float k[kVector];
      Unpack(key[vector], k, Half{});
      for (int r = 0; r < kQuad; ++r) {
        const float* query = shared.queries + (quad + r) * stride + vector * kVector;
        const float4 q0 = *reinterpret_cast<const float4*>(query);
        const float4 q1 = *reinterpret_cast<const float4*>(query + 4);
        dots[r] = __fmaf_rn(q0.x, k[0], dots[r]);
        dots[r] = __fmaf_rn(q0.y, k[1], dots[r]);
        dots[r] = __fmaf_rn(q0.z, k[2], dots[r]);
        dots[r] = __fmaf_rn(q0.w, k[3], dots[r]);
        dots[r] = __fmaf_rn(q1.x, k[4], dots[r]);
        dots[r] = __fmaf_rn(q1.y, k[5], dots[r]);
        dots[r] = __fmaf_rn(q1.z, k[6], dots[r]);
        dots[r] = __fmaf_rn(q1.w, k[7], dots[r]);
      }
    }
    float mine = 0;  // each of the four threads writes one row
    for (int r = 0; r < kQuad; ++r) {
      float dot = dots[r];
      dot = __fadd_rn(dot, __shfl_xor_sync(0xffffffffU, dot, 1));
      dot = __fadd_rn(dot, __shfl_xor_sync(0xffffffffU, dot, 2));
      if (r == lane) mine = dot;
    }
    const int row = quad + lane;
    float score = 0;
    if (row < work.rows) {
      const int32_t position = work.PositionOf(row);
      const int32_t other = first + in_part;
      const bool sees = other <= position && other >= FirstSeen(position, a.model.sliding_window);
      score = sees ? __fmul_rn(mine, a.model.score_scale) : kNothing;
    }
    shared.scores[row * kScoreStride + in_part] = score;
  }
}

// Turns scores into weights; a warp takes a row. The chunk's sums are to be scaled by `rescale`.
template <typename Half>
__device__ void Weigh(const Work& work, const Shared<Half>& shared) {
  const int lane = threadIdx.x % 32;
  for (int row = threadIdx.x / 32; row < work.rows; row += kWarps) {
    float* score = shared.scores + row * kScoreStride + lane;
    const float before = shared.max[row];
    const float largest = WarpMax(*score);
    const Rescale merge = MergeOf(before, largest);
    // The exponent of a score is kNothing, or all of them are: then nothing changes.
    const bool nothing = largest == kNothing;
    const float weight = nothing ? 0 : expf(__fsub_rn(*score, merge.max));
    const float sum = WarpSum(weight);
    __syncwarp();
    *score = weight;
    if (lane == 0) {
      const float keep = nothing ? 1 : expf(merge.keep);
      shared.rescale[row] = keep;
      shared.sum[row] = __fmaf_rn(shared.sum[row], keep, sum);
      shared.max[row] = merge.max;
    }
    __syncwarp();
  }
}

// sums[row][d] = sums[row][d] * rescale + weights * values. A thread owns its columns.
template <typename Half>
__device__ void Sum(const Arguments& a, const Work& work, const Shared<Half>& shared) {
  const int32_t stride = a.model.kv.head_stride;
  for (int d = threadIdx.x; d < stride; d += kThreads) {
    for (int quad = 0; quad < work.rows; quad += kQuad) {
      float sums[kQuad];
      for (int r = 0; r < kQuad; ++r) {
        sums[r] = __fmul_rn(shared.sums[(quad + r) * stride + d], shared.rescale[quad + r]);
      }
      const float* weights = shared.scores + quad * kScoreStride;
      for (int i = 0; i < kPart; i += 4) {
        float v[4];
        for (int j = 0; j < 4; ++j) v[j] = Load(shared.values[(i + j) * SharedStride(stride) + d]);
        for (int r = 0; r < kQuad; ++r) {
          const float4 w = *reinterpret_cast<const float4*>(weights + r * kScoreStride + i);
          sums[r] = __fmaf_rn(w.x, v[0], sums[r]);
          sums[r] = __fmaf_rn(w.y, v[1], sums[r]);
          sums[r] = __fmaf_rn(w.z, v[2], sums[r]);
          sums[r] = __fmaf_rn(w.w, v[3], sums[r]);
        }
      }
      for (int r = 0; r < kQuad; ++r) shared.sums[(quad + r) * stride + d] = sums[r];
    }
  }
}

// One chunk by itself.
template <typename Half>
__device__ void Chunk(const Arguments& a, const Work& work, const Half* kv, int32_t chunk,
                      const Shared<Half>& shared) {
  for (int i = threadIdx.x; i < a.row_capacity * a.model.kv.head_stride; i += kThreads) {
    shared.sums[i] = 0;
  }
  for (int row = threadIdx.x; row < a.row_capacity; row += kThreads) {
    shared.max[row] = kNothing;
    shared.sum[row] = 0;
  }
  const int32_t begin = chunk * kChunk;
  for (int32_t first = begin; first < begin + kChunk; first += kPart) {
    if (first > work.last_seen || first + kPart <= work.first_seen) continue;
    __syncthreads();  // others may still read the part before
    LoadPart(a, work, kv, first, shared);
    __syncthreads();
    Score(a, work, first, shared);
    __syncthreads();
    Weigh(work, shared);
    __syncthreads();
    Sum(a, work, shared);
  }
  __syncthreads();
}

// What a merge does to one value; the same for values and for sums of weights.
__device__ inline float Merged(float before, float keep, float part, float add) {
  return __fmaf_rn(part, add, __fmul_rn(before, keep));
}

}  // namespace poems::phi::cuda::attention
