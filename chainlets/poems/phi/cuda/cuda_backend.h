// CudaBackend: the language model on one GPU; see backend.h for what it promises.
//
//   std::unique_ptr<CudaBackend> backend = CudaBackend::Open(shape, weights, options, &error);
//   if (backend == nullptr) …                                     // error says why
//
// Lives in a module that is loaded at run time; programs reach it through module_backend.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "chains/gpu/cuda/kit.h"
#include "phi/backend.h"
#include "phi/cuda/decode_graphs.h"
#include "phi/cuda/drawing.h"
#include "phi/cuda/plan.h"
#include "phi/cuda/runner.h"

namespace poems::phi::cuda {

class CudaBackend final : public Backend {
 public:
  // Takes seconds; the weights may go afterwards. INVALID_ARGUMENT for a model or options that
  // cannot be; FAILED_PRECONDITION without a driver, with one that is too old, or without this
  // device; RESOURCE_EXHAUSTED where the device's memory does not hold the model and a page.
  static std::unique_ptr<CudaBackend> Open(const Shape& shape, const Weights& weights,
                                           const BackendOptions& options,
                                           chains::gpu::cuda::Status* status);
  ~CudaBackend() override;

  const BackendInfo& info() const override { return info_; }
  // From any thread, one at a time. Waits without spinning.
  bool Step(SequenceStep* sequences, int32_t count, BackendError* error) override;

 private:
  CudaBackend() = default;

  chains::gpu::cuda::Status Start(const Shape& shape, const Weights& weights,
                                  const BackendOptions& options);
  chains::gpu::cuda::Status OpenStream();
  chains::gpu::cuda::Status AllocatePages(const Shape& shape, const BackendOptions& options);
  chains::gpu::cuda::Status AllocateStep();
  void Describe(const BackendOptions& options);

  chains::gpu::cuda::Status Run(SequenceStep* sequences, int32_t count);
  chains::gpu::cuda::Status Send(const PlanCounts& counts);
  chains::gpu::cuda::Status Compute(const PlanCounts& counts);
  chains::gpu::cuda::Status Receive(const PlanCounts& counts);
  chains::gpu::cuda::Status Answer(SequenceStep* sequences, int32_t count) const;

  // Waits for work on the stream without spinning.
  struct DestroyEvent {
    void operator()(cudaEvent_t event) const { static_cast<void>(cudaEventDestroy(event)); }
  };
  using BlockingEvent = std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, DestroyEvent>;

  int32_t device_ = 0;
  chains::gpu::cuda::DeviceProperties properties_;
  BackendInfo info_;
  chains::gpu::cuda::Stream stream_;
  chains::gpu::cuda::BusyMeter busy_;
  BlockingEvent done_;
  Runner runner_;
  std::unique_ptr<StepPlanner> planner_;

  // A step's words, bits of seen tokens and drawn tokens, here and on the device.
  chains::gpu::cuda::PinnedBuffer host_words_;
  chains::gpu::cuda::PinnedBuffer host_seen_;
  chains::gpu::cuda::PinnedBuffer host_next_;
  chains::gpu::cuda::Buffer words_;
  chains::gpu::cuda::Buffer seen_;
  chains::gpu::cuda::Buffer next_;
  StepView step_;
  Drawing drawing_;
  DecodeGraphs graphs_;
};

}  // namespace poems::phi::cuda
