// Product: rows of activations times a matrix of weights, by cuBLASLt.
//
//   Product down;
//   Status status = down.Open(blas, {.bf16 = true, .outputs = 3072, .inputs = 8192}, workspace);
//   status = down.Choose({weights, activations, to, max_rows}, stream);       // at start, once
//   status = down.Run(weights, activations, to, rows, /*add=*/true, stream);  // to += …
//
// What a row gets must not depend on the rows beside it, nor on how many there are. cuBLASLt
// promises no such thing: for other sizes its heuristic may take another kernel, which adds in
// another order. So:
// - the heuristic is asked once, for kRowTile rows; its algorithm (kernel, tile, stages) is kept
//   and used for every number of rows, which are always multiples of kRowTile. A tile of the
//   kernel then does the same for any of them; more rows are more tiles.
// - split-k and every scheme of reduction are refused: the library documents that each dot
//   product is then "performed in one sequence", so its order is that of the kernel's loop over
//   the inputs. (On an H100 it would not help: allowed to, the heuristic split one product of
//   five, in two, and steps of few rows took 2 % longer.)
// - sizes and strides are padded to kVector, so the alignment that kernels are chosen by never
//   changes.
// - this is an argument about a library whose source we do not see, so Choose() puts it to the
//   test on the device at hand: rows computed at one place among kRowTile, and at another place
//   among more, must have the same bits. An algorithm that fails for kRowTile rows is dropped for
//   the next; one that fails for more rows than that is given kRowTile at a time.
// 64 rows cost little more than one where memory is what a step waits for: 64 operations a byte of
// weights, where devices have 100 to 300 for each byte that they read.
#pragma once

#include <array>
#include <cstdint>
#include <cublasLt.h>
#include <memory>
#include <string>
#include <vector>

#include "chains/gpu/cuda/kit.h"
#include "phi/cuda/arithmetic.h"

namespace poems::phi::cuda {

// All multiples of kVector. Weights: `outputs` rows of `inputs`; activations: rows of `inputs`;
// results: rows of `outputs` floats.
struct ProductShape {
  std::string name;  // for messages
  bool bf16 = false;
  int64_t outputs = 0;
  int64_t inputs = 0;
};

struct Workspace {
  void* memory = nullptr;
  int64_t bytes = 0;
};

// For one thread and one stream at a time.
class Product {
 public:
  chains::gpu::cuda::Status Open(cublasLtHandle_t blas, ProductShape shape, Workspace workspace);

  // Memory to choose an algorithm with: real weights, and `rows` (a multiple of kRowTile) of
  // activations and results, which are written over.
  struct Trial {
    const void* weights = nullptr;
    void* activations = nullptr;
    float* results = nullptr;
    int32_t rows = 0;
  };
  // Waits for the stream. UNIMPLEMENTED where no algorithm computes each row by itself.
  chains::gpu::cuda::Status Choose(const Trial& trial, cudaStream_t stream);

  // results = activations * weights, or += with `add`. `rows` is rounded up to kRowTile: there must
  // be memory for as many.
  chains::gpu::cuda::Status Run(const void* weights, const void* activations, float* results,
                                int32_t rows, bool add, cudaStream_t stream) const;

  // The most rows that one call of the library takes.
  int32_t width() const { return kRowTile << widest_; }

 private:
  struct Destroy {
    void operator()(cublasLtMatmulDescOpaque_t* it) const;
    void operator()(cublasLtMatrixLayoutOpaque_t* it) const;
    void operator()(cublasLtMatmulPreferenceOpaque_t* it) const;
  };
  template <typename Opaque>
  using Owned = std::unique_ptr<Opaque, Destroy>;
  using Layout = Owned<cublasLtMatrixLayoutOpaque_t>;

  // kRowTile << i rows.
  static constexpr int kWidths = 5;
  struct Width {
    Layout activations;
    Layout results;
  };

  chains::gpu::cuda::Status Propose(std::vector<cublasLtMatmulAlgo_t>* algorithms) const;
  // Whether the algorithm takes this width.
  bool Takes(int width) const;
  chains::gpu::cuda::Status RunTiles(const void* weights, const void* activations, float* results,
                                     int32_t rows, int widest, bool add, cudaStream_t stream) const;
  chains::gpu::cuda::Status Try(const Trial& trial, cudaStream_t stream, bool* good);
  chains::gpu::cuda::Status Compute(const Trial& trial, int32_t turned, int width,
                                    cudaStream_t stream, std::vector<float>* results) const;

  cublasLtHandle_t blas_ = nullptr;
  ProductShape shape_;
  Workspace workspace_;
  Owned<cublasLtMatmulDescOpaque_t> operation_;
  Layout weights_;
  std::array<Width, kWidths> widths_;
  cublasLtMatmulAlgo_t algorithm_ = {};
  int widest_ = 0;
};

}  // namespace poems::phi::cuda
