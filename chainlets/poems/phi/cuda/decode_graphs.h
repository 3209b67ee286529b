// DecodeGraphs: the step in which every sequence has one token, captured as CUDA graphs.
//
//   DecodeGraphs graphs;
//   Status status = graphs.Capture(runner, step, seen, next, max_sequences, stream);   // at start
//   status = graphs.Launch(sequences, stream);
//
// A step of a model with 32 layers is some 330 kernels; launched one by one they take longer to
// launch than to run. There is a graph for 1, 2, 4, 8, … sequences; rows beyond a step's own are
// padding. What differs between steps (tokens, pages, tiles of attention) is read from the step's
// words on the device, whose address stays, so nothing is ever captured again.
#pragma once

#include <cstdint>
#include <cuda_runtime_api.h>
#include <memory>
#include <type_traits>
#include <vector>

#include "chains/gpu/cuda/kit.h"
#include "phi/cuda/runner.h"

namespace poems::phi::cuda {

class DecodeGraphs {
 public:
  // `step` has words for Bucket(max_sequences) rows; the runner and all memory outlive this.
  chains::gpu::cuda::Status Capture(const Runner& runner, const StepView& step,
                                    const uint32_t* seen, int32_t* next, int32_t max_sequences,
                                    cudaStream_t stream);
  // For 1 to max_sequences sequences.
  chains::gpu::cuda::Status Launch(int32_t sequences, cudaStream_t stream) const;

 private:
  struct Destroy {
    void operator()(cudaGraph_t graph) const { static_cast<void>(cudaGraphDestroy(graph)); }
    void operator()(cudaGraphExec_t graph) const { static_cast<void>(cudaGraphExecDestroy(graph)); }
  };
  using Graph = std::unique_ptr<std::remove_pointer_t<cudaGraph_t>, Destroy>;
  using Executable = std::unique_ptr<std::remove_pointer_t<cudaGraphExec_t>, Destroy>;

  std::vector<Executable> graphs_;  // for 1 << i sequences
};

}  // namespace poems::phi::cuda
