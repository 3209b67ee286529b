#include "phi/cuda/cuda_backend.h"

#include <cstring>
#include <new>
#include <utility>

namespace poems::phi::cuda {

namespace gpu = chains::gpu::cuda;
using gpu::Calls;
using gpu::Check;
using gpu::Code;
using gpu::Status;

// Work that was given may still read and write what is freed next.
CudaBackend::~CudaBackend() {
  if (stream_.get() == nullptr) return;
  static_cast<void>(cudaSetDevice(device_));
  static_cast<void>(cudaStreamSynchronize(stream_.get()));
}

bool CudaBackend::Step(SequenceStep* sequences, int32_t count, BackendError* error) {
  try {
    Status status = Run(sequences, count);
    if (status.ok()) return true;
    // Pinned memory is written again by the next step, so nothing of this one may go on.
    static_cast<void>(cudaStreamSynchronize(stream_.get()));
    return status.CopyTo(error);
  } catch (const std::bad_alloc&) {
    static_cast<void>(cudaStreamSynchronize(stream_.get()));
    return Status(Code::kResourceExhausted, "the host has no memory for a step").CopyTo(error);
  }
}

Status CudaBackend::Run(SequenceStep* sequences, int32_t count) {
  const gpu::Range range("poems.phi step");
  PlanCounts counts;
  std::string problem = planner_->Plan(sequences, count, host_words_.as<int32_t>(),
                                       host_seen_.as<uint32_t>(), &counts);
  if (!problem.empty()) return {Code::kInvalidArgument, problem};
  if (counts.rows == 0) return {};

  Calls calls;
  calls(cudaSetDevice(device_));  // the calling thread's; another may have called before
  if (calls.ok()) calls(busy_.Begin(stream_.get()));
  if (calls.ok()) calls(Send(counts));
  if (calls.ok()) calls(Compute(counts));
  if (calls.ok()) {
    calls(drawing_.Draw(runner_.model(), step_, counts.sampled, runner_.logits(),
                        seen_.as<uint32_t>(), next_.as<int32_t>(), stream_.get()));
  }
  if (calls.ok()) calls(Receive(counts));
  if (calls.ok()) calls(busy_.End(stream_.get()));
  if (calls.ok()) calls(cudaEventRecord(done_.get(), stream_.get()));
  if (calls.ok()) calls(cudaEventSynchronize(done_.get()));
  if (calls.ok()) calls(Answer(sequences, count));
  return std::move(calls).status();
}

Status CudaBackend::Send(const PlanCounts& counts) {
  Calls calls;
  calls(cudaMemcpyAsync(words_.data(), host_words_.data(),
                        static_cast<size_t>(counts.words) * sizeof(int32_t), cudaMemcpyHostToDevice,
                        stream_.get()));
  if (counts.seen) {
    const int64_t words = counts.outputs * step_.layout.seen_words;
    calls(cudaMemcpyAsync(seen_.data(), host_seen_.data(),
                          static_cast<size_t>(words) * sizeof(uint32_t), cudaMemcpyHostToDevice,
                          stream_.get()));
  }
  return std::move(calls).status();
}

Status CudaBackend::Compute(const PlanCounts& counts) {
  if (counts.decode) {
    const gpu::Range range("poems.phi decode");
    return graphs_.Launch(counts.rows, stream_.get());
  }
  const gpu::Range range("poems.phi prompt");
  return runner_.Launch(step_, seen_.as<uint32_t>(), next_.as<int32_t>(), counts.rows,
                        counts.outputs, runner_.prompt(), stream_.get());
}

Status CudaBackend::Receive(const PlanCounts& counts) {
  if (counts.outputs == 0) return {};
  return Check(cudaMemcpyAsync(host_next_.data(), next_.data(),
                               static_cast<size_t>(counts.outputs) * sizeof(int32_t),
                               cudaMemcpyDeviceToHost, stream_.get()));
}

// Logits are for tests and measurements: they are copied one by one, to memory that is not pinned.
Status CudaBackend::Answer(SequenceStep* sequences, int32_t count) const {
  const int64_t stride = runner_.model().logits_stride;
  const auto bytes = static_cast<size_t>(runner_.model().vocab) * sizeof(float);
  int32_t output = 0;
  Calls calls;
  for (int32_t i = 0; i < count && calls.ok(); ++i) {
    SequenceStep& sequence = sequences[i];
    if (sequence.sampling == nullptr && sequence.logits == nullptr) continue;
    if (sequence.logits != nullptr) {
      calls(cudaMemcpyAsync(sequence.logits, runner_.logits() + output * stride, bytes,
                            cudaMemcpyDeviceToHost, stream_.get()));
      calls(cudaStreamSynchronize(stream_.get()));
    }
    const int32_t next = host_next_.as<int32_t>()[output++];
    if (sequence.sampling == nullptr) continue;
    if (next < 0) {
      return {Code::kInternal,
              "sequence " + std::to_string(i) +
                  ": no logit is a number; the weights hold NaN, or numbers that " +
                  (runner_.model().bf16 ? "bf16" : "f16") + " is too small for"};
    }
    sequence.next = next;
  }
  return std::move(calls).status();
}

}  // namespace poems::phi::cuda
