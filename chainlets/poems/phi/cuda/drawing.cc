#include "phi/cuda/drawing.h"

#include <algorithm>
#include <utility>

namespace poems::phi::cuda {

using chains::gpu::cuda::Calls;
using chains::gpu::cuda::Check;
using chains::gpu::cuda::Status;

namespace {

constexpr int32_t kAtOnce = 16;

}  // namespace

Status Drawing::Open(int32_t max_sequences, int32_t vocab, cudaStream_t stream) {
  at_once_ = std::min(max_sequences, kAtOnce);
  vocab_ = vocab;
  const int64_t count = at_once_ * vocab_;  // at most 2^24
  Calls calls;
  cudnnTensorDescriptor_t row = nullptr;
  calls(dnn_.Open());
  if (calls.ok()) calls(cudnnSetStream(dnn_.get(), stream));
  if (calls.ok()) calls(cudnnCreateTensorDescriptor(&row));
  row_.reset(row);
  if (!calls.ok()) return std::move(calls).status();
  calls(cudnnSetTensor4dDescriptor(row, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 1, vocab, 1, 1));
  calls(SortBytes(count, &sort_.bytes));
  calls(keys_.Allocate(2 * count * static_cast<int64_t>(sizeof(uint64_t))));
  calls(sort_memory_.Allocate(std::max<int64_t>(1, static_cast<int64_t>(sort_.bytes))));
  calls(scores_.Allocate(count * static_cast<int64_t>(sizeof(float))));
  calls(probabilities_.Allocate(count * static_cast<int64_t>(sizeof(float))));
  if (!calls.ok()) return std::move(calls).status();
  sort_.keys[0] = keys_.as<uint64_t>();
  sort_.keys[1] = keys_.as<uint64_t>() + count;
  sort_.memory = sort_memory_.data();

  // Once, because cuDNN loads its libraries when it is first asked for something.
  calls(cudaMemsetAsync(scores_.data(), 0, static_cast<size_t>(scores_.bytes()), stream));
  calls(Softmax(0));
  calls(cudaStreamSynchronize(stream));
  return std::move(calls).status();
}

Status Drawing::Softmax(int32_t row) const {
  const float one = 1;
  const float zero = 0;
  return Check(cudnnSoftmaxForward(dnn_.get(), CUDNN_SOFTMAX_ACCURATE, CUDNN_SOFTMAX_MODE_INSTANCE,
                                   &one, row_.get(), scores_.as<float>() + row * vocab_, &zero,
                                   row_.get(), probabilities_.as<float>() + row * vocab_));
}

Status Drawing::Draw(const ModelView& model, const StepView& step, int32_t sampled,
                     const float* logits, const uint32_t* seen, int32_t* next,
                     cudaStream_t stream) const {
  Calls calls;
  for (int32_t first = 0; first < sampled && calls.ok(); first += at_once_) {
    const DrawnRange range = {first, std::min(at_once_, sampled - first)};
    const uint64_t* sorted = nullptr;
    calls(SortScores(model, step, range, logits, seen, sort_, &sorted, stream));
    if (!calls.ok()) break;
    ScaleScores(model, step, range, sorted, scores_.as<float>(), stream);
    for (int32_t row = 0; row < range.count; ++row) calls(Softmax(row));
    SelectTokens(model, step, range, sorted, probabilities_.as<float>(), next, stream);
    calls(cudaGetLastError());
  }
  return std::move(calls).status();
}

}  // namespace poems::phi::cuda
