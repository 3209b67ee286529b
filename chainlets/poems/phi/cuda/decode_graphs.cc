#include "phi/cuda/decode_graphs.h"

#include <bit>
#include <utility>

namespace poems::phi::cuda {

namespace gpu = chains::gpu::cuda;
using gpu::Calls;
using gpu::Status;

Status DecodeGraphs::Capture(const Runner& runner, const StepView& step, const uint32_t* seen,
                             int32_t* next, int32_t max_sequences, cudaStream_t stream) {
  for (int32_t rows = 1; rows <= Bucket(max_sequences); rows *= 2) {
    auto launch = [&] {
      return runner.Launch(step, seen, next, rows, rows, runner.decode(), stream);
    };
    Calls calls;
    // Once for real: kernels are loaded when they first run, which must not happen in a capture.
    calls(launch());
    calls(cudaStreamSynchronize(stream));
    if (!calls.ok()) return std::move(calls).status();

    calls(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    if (!calls.ok()) return std::move(calls).status();
    calls(launch());
    cudaGraph_t raw = nullptr;
    calls(cudaStreamEndCapture(stream, &raw));  // also when a launch failed
    const Graph graph(raw);
    if (!calls.ok()) return std::move(calls).status();

    cudaGraphExec_t executable = nullptr;
    calls(cudaGraphInstantiate(&executable, graph.get(), 0));
    graphs_.emplace_back(executable);
    if (!calls.ok()) return std::move(calls).status();
    calls(cudaGraphUpload(executable, stream));
    calls(cudaStreamSynchronize(stream));
    if (!calls.ok()) return std::move(calls).status();
  }
  return {};
}

Status DecodeGraphs::Launch(int32_t sequences, cudaStream_t stream) const {
  const auto index =
      static_cast<size_t>(std::countr_zero(static_cast<uint32_t>(Bucket(sequences))));
  return gpu::Check(cudaGraphLaunch(graphs_[index].get(), stream));
}

}  // namespace poems::phi::cuda
