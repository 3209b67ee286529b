#include "phi/cuda/products.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "phi/cuda/halves.h"

namespace poems::phi::cuda {
namespace {

using chains::gpu::cuda::Calls;
using chains::gpu::cuda::Code;
using chains::gpu::cuda::Status;

constexpr int kProposals = 16;
// Rows that the trial looks at, and how far they are moved: no multiple of any tile.
constexpr int32_t kTrialRows = 1024;
constexpr int32_t kTurn = 17;

template <typename Layout>
Status Make(Layout* layout, cudaDataType_t type, int64_t inner, int64_t outer) {
  cublasLtMatrixLayout_t raw = nullptr;
  Calls calls;
  calls(cublasLtMatrixLayoutCreate(&raw, type, static_cast<uint64_t>(inner),
                                   static_cast<uint64_t>(outer), inner));
  layout->reset(raw);
  return std::move(calls).status();
}

// In [-1, 1), different for every row and column.
float Noise(int64_t row, int64_t column) {
  uint32_t x = static_cast<uint32_t>(row * 7919 + column) * 2654435769U;
  x ^= x >> 15;
  x *= 2246822519U;
  x ^= x >> 13;
  return static_cast<float>(x >> 8) * 0x1p-23F - 1.0F;
}

bool OneSequence(const cublasLtMatmulAlgo_t& algorithm) {
  int32_t splits = 0;
  uint32_t scheme = 0;
  size_t written = 0;
  Calls calls;
  calls(cublasLtMatmulAlgoConfigGetAttribute(&algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM, &splits,
                                             sizeof splits, &written));
  calls(cublasLtMatmulAlgoConfigGetAttribute(&algorithm, CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME,
                                             &scheme, sizeof scheme, &written));
  return calls.ok() && splits <= 1 && scheme == CUBLASLT_REDUCTION_SCHEME_NONE;
}

}  // namespace

void Product::Destroy::operator()(cublasLtMatmulDescOpaque_t* it) const {
  static_cast<void>(cublasLtMatmulDescDestroy(it));
}
void Product::Destroy::operator()(cublasLtMatrixLayoutOpaque_t* it) const {
  static_cast<void>(cublasLtMatrixLayoutDestroy(it));
}
void Product::Destroy::operator()(cublasLtMatmulPreferenceOpaque_t* it) const {
  static_cast<void>(cublasLtMatmulPreferenceDestroy(it));
}

// The library counts columns first. To it our weights are inputs x outputs, to be transposed, and
// the result is outputs x rows.
Status Product::Open(cublasLtHandle_t blas, ProductShape shape, Workspace workspace) {
  blas_ = blas;
  shape_ = std::move(shape);
  workspace_ = workspace;
  const cudaDataType_t type = shape_.bf16 ? CUDA_R_16BF : CUDA_R_16F;
  const cublasOperation_t transposed = CUBLAS_OP_T;
  cublasLtMatmulDesc_t operation = nullptr;
  Calls calls;
  calls(cublasLtMatmulDescCreate(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F));
  operation_.reset(operation);
  if (!calls.ok()) return std::move(calls).status();
  calls(cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_TRANSA, &transposed,
                                       sizeof transposed));
  calls(Make(&weights_, type, shape_.inputs, shape_.outputs));
  for (int i = 0; i < kWidths; ++i) {
    calls(Make(&widths_[i].activations, type, shape_.inputs, kRowTile << i));
    calls(Make(&widths_[i].results, CUDA_R_32F, shape_.outputs, kRowTile << i));
  }
  return std::move(calls).status();
}

Status Product::Propose(std::vector<cublasLtMatmulAlgo_t>* algorithms) const {
  cublasLtMatmulPreference_t raw = nullptr;
  Calls calls;
  if (!calls(cublasLtMatmulPreferenceCreate(&raw))) return std::move(calls).status();
  const Owned<cublasLtMatmulPreferenceOpaque_t> preference(raw);
  const auto bytes = static_cast<uint64_t>(workspace_.bytes);
  const uint32_t scheme = CUBLASLT_REDUCTION_SCHEME_NONE;
  calls(cublasLtMatmulPreferenceSetAttribute(raw, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &bytes,
                                             sizeof bytes));
  calls(cublasLtMatmulPreferenceSetAttribute(raw, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                                             &scheme, sizeof scheme));
  // Where our rows of 8 elements of 16 bits begin.
  const uint32_t alignment = kVector * 2;
  for (const auto attribute :
       {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
    calls(cublasLtMatmulPreferenceSetAttribute(raw, attribute, &alignment, sizeof alignment));
  }
  std::array<cublasLtMatmulHeuristicResult_t, kProposals> found = {};
  int count = 0;
  const Width& width = widths_[0];
  if (!calls.ok()) return std::move(calls).status();
  calls(cublasLtMatmulAlgoGetHeuristic(blas_, operation_.get(), weights_.get(),
                                       width.activations.get(), width.results.get(),
                                       width.results.get(), raw, kProposals, found.data(), &count));
  for (int i = 0; calls.ok() && i < count; ++i) {
    const bool fits = found[i].state == CUBLAS_STATUS_SUCCESS &&
                      static_cast<int64_t>(found[i].workspaceSize) <= workspace_.bytes;
    if (fits && OneSequence(found[i].algo)) algorithms->push_back(found[i].algo);
  }
  return std::move(calls).status();
}

bool Product::Takes(int width) const {
  cublasLtMatmulHeuristicResult_t result = {};
  const cublasStatus_t status = cublasLtMatmulAlgoCheck(
      blas_, operation_.get(), weights_.get(), widths_[width].activations.get(),
      widths_[width].results.get(), widths_[width].results.get(), &algorithm_, &result);
  return status == CUBLAS_STATUS_SUCCESS &&
         static_cast<int64_t>(result.workspaceSize) <= workspace_.bytes;
}

Status Product::Choose(const Trial& trial, cudaStream_t stream) {
  std::vector<cublasLtMatmulAlgo_t> algorithms;
  if (Status status = Propose(&algorithms); !status.ok()) return status;
  for (const cublasLtMatmulAlgo_t& algorithm : algorithms) {
    algorithm_ = algorithm;
    bool good = false;
    if (Status status = Try(trial, stream, &good); !status.ok()) return status;
    if (good) return {};
  }
  return {Code::kUnimplemented, "cuBLASLt has " + std::to_string(algorithms.size()) +
                                    " algorithms without split-k for " + shape_.name + " (" +
                                    std::to_string(shape_.outputs) + " x " +
                                    std::to_string(shape_.inputs) +
                                    ") on this device, and none that computes each row by itself"};
}

// Results of rows of noise that begin with row `turned`, in the order of the noise.
Status Product::Compute(const Trial& trial, int32_t turned, int width, cudaStream_t stream,
                        std::vector<float>* results) const {
  const int32_t rows = std::min(trial.rows, kTrialRows);
  std::vector<uint16_t> noise(static_cast<size_t>(rows * shape_.inputs));
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < shape_.inputs; ++i) {
      const float x = Noise((row + turned) % rows, i);
      noise[row * shape_.inputs + i] = shape_.bf16 ? Bf16FromFloat(x) : HalfFromFloat(x);
    }
  }
  std::vector<float> turned_results(static_cast<size_t>(rows * shape_.outputs));
  Calls calls;
  calls(cudaMemcpyAsync(trial.activations, noise.data(), noise.size() * sizeof noise[0],
                        cudaMemcpyHostToDevice, stream));
  calls(RunTiles(trial.weights, trial.activations, trial.results, rows, width, false, stream));
  calls(cudaMemcpyAsync(turned_results.data(), trial.results, turned_results.size() * sizeof(float),
                        cudaMemcpyDeviceToHost, stream));
  calls(cudaStreamSynchronize(stream));
  results->resize(turned_results.size());
  for (int64_t row = 0; row < rows; ++row) {
    std::copy_n(turned_results.begin() + row * shape_.outputs, shape_.outputs,
                results->begin() + (row + turned) % rows * shape_.outputs);
  }
  return std::move(calls).status();
}

// A call that the library refuses only ends the trial; a device that no longer works is an error.
Status Product::Try(const Trial& trial, cudaStream_t stream, bool* good) {
  *good = false;
  std::vector<float> expected;
  if (!Takes(0) || !Compute(trial, kTurn, 0, stream, &expected).ok()) {
    return chains::gpu::cuda::Check(cudaStreamSynchronize(stream));
  }
  for (int width = 0; width < kWidths; ++width) {
    if ((kRowTile << width) > std::min(trial.rows, kTrialRows) || !Takes(width)) break;
    std::vector<float> results;
    if (!Compute(trial, 0, width, stream, &results).ok()) break;
    const size_t bytes = results.size() * sizeof(float);
    if (std::memcmp(results.data(), expected.data(), bytes) != 0) break;
    widest_ = width;
    *good = true;
  }
  return chains::gpu::cuda::Check(cudaStreamSynchronize(stream));
}

Status Product::Run(const void* weights, const void* activations, float* results, int32_t rows,
                    bool add, cudaStream_t stream) const {
  return RunTiles(weights, activations, results, rows, widest_, add, stream);
}

Status Product::RunTiles(const void* weights, const void* activations, float* results, int32_t rows,
                         int widest, bool add, cudaStream_t stream) const {
  const float one = 1;
  const float before = add ? 1 : 0;
  const auto* from = static_cast<const uint16_t*>(activations);
  const auto total = static_cast<int32_t>(RoundUp(rows, kRowTile));
  Calls calls;
  for (int32_t done = 0; done < total && calls.ok();) {
    int i = widest;
    while ((kRowTile << i) > total - done) --i;
    const Width& width = widths_[i];
    float* to = results + done * shape_.outputs;
    calls(cublasLtMatmul(blas_, operation_.get(), &one, weights, weights_.get(),
                         from + done * shape_.inputs, width.activations.get(), &before, to,
                         width.results.get(), to, width.results.get(), &algorithm_,
                         workspace_.memory, static_cast<size_t>(workspace_.bytes), stream));
    done += kRowTile << i;
  }
  return std::move(calls).status();
}

}  // namespace poems::phi::cuda
