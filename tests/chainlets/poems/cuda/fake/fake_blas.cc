// cuBLASLt, as far as products.cc uses it, with plain loops. Its first algorithms may be told to
// break the promises that the real ones do not make.
#include <cstring>
#include <cublasLt.h>
#include <memory>
#include <vector>

#include "fake_device.h"
#include "phi/cuda/halves.h"

struct LayoutOfFake {
  cudaDataType_t type;
  uint64_t rows;
  uint64_t columns;
  int64_t stride;
};

namespace {

enum Kind : uint64_t { kGood, kSplits, kMixesRows };

Kind KindOf(const cublasLtMatmulAlgo_t& algorithm) { return static_cast<Kind>(algorithm.data[0]); }

template <typename To, typename From>
To* As(From* opaque) {
  return reinterpret_cast<To*>(opaque);
}

float At(const void* data, int64_t index, cudaDataType_t type) {
  const uint16_t bits = static_cast<const uint16_t*>(data)[index];
  return type == CUDA_R_16BF ? poems::phi::cuda::FloatFromBf16(bits)
                             : poems::phi::cuda::FloatFromHalf(bits);
}

std::vector<float> Floats(const void* data, const LayoutOfFake& layout) {
  std::vector<float> floats(layout.rows * layout.columns);
  for (uint64_t column = 0; column < layout.columns; ++column) {
    for (uint64_t row = 0; row < layout.rows; ++row) {
      floats[column * layout.rows + row] =
          At(data, static_cast<int64_t>(column) * layout.stride + static_cast<int64_t>(row),
             layout.type);
    }
  }
  return floats;
}

// Adds products to eight sums, so that the compiler can use vectors.
void AddProducts(const float* a, const float* b, uint64_t begin, uint64_t end, float (&sums)[8]) {
  for (uint64_t i = begin; i < end; i += 8) {
    for (int j = 0; j < 8; ++j) sums[j] += a[i + j] * b[i + j];
  }
}

// Begins at `first` and ends before it.
float Dot(const float* a, const float* b, uint64_t count, uint64_t first) {
  float sums[8] = {};
  AddProducts(a, b, first, count, sums);
  AddProducts(a, b, 0, first, sums);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

}  // namespace

extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  static int any = 0;
  *handle = As<cublasLtContext>(&any);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t) { return CUBLAS_STATUS_SUCCESS; }
const char* cublasGetStatusString(cublasStatus_t) { return "a fake error"; }
const char* cublasGetStatusName(cublasStatus_t) { return "fake"; }

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* operation, cublasComputeType_t,
                                        cudaDataType_t) {
  *operation = std::make_unique<cublasLtMatmulDescOpaque_t>().release();
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t operation) {
  std::unique_ptr<cublasLtMatmulDescOpaque_t>(operation).reset();
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t operation,
                                              cublasLtMatmulDescAttributes_t attribute,
                                              const void* value, size_t) {
  cublasOperation_t transposed = CUBLAS_OP_N;
  std::memcpy(&transposed, value, sizeof transposed);
  const bool good = attribute == CUBLASLT_MATMUL_DESC_TRANSA && transposed == CUBLAS_OP_T;
  operation->data[0] = good ? 1 : 0;
  return good ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType_t type,
                                          uint64_t rows, uint64_t columns, int64_t stride) {
  *layout = std::make_unique<cublasLtMatrixLayoutOpaque_t>().release();
  const LayoutOfFake made = {type, rows, columns, stride};
  static_assert(sizeof made <= sizeof **layout);
  std::memcpy(static_cast<void*>(*layout), &made, sizeof made);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  std::unique_ptr<cublasLtMatrixLayoutOpaque_t>(layout).reset();
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  *preference = std::make_unique<cublasLtMatmulPreferenceOpaque_t>().release();
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  std::unique_ptr<cublasLtMatmulPreferenceOpaque_t>(preference).reset();
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t,
                                                    cublasLtMatmulPreferenceAttributes_t,
                                                    const void*, size_t) {
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatmulPreference_t, int wanted,
                                              cublasLtMatmulHeuristicResult_t* results,
                                              int* count) {
  std::vector<Kind> kinds(static_cast<size_t>(fake::device().algorithms_that_split), kSplits);
  kinds.resize(kinds.size() + static_cast<size_t>(fake::device().algorithms_that_mix_rows),
               kMixesRows);
  kinds.push_back(kGood);
  *count = 0;
  for (const Kind kind : kinds) {
    if (*count == wanted) break;
    results[*count] = {};
    results[(*count)++].algo.data[0] = kind;
  }
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t, cublasLtMatmulDesc_t,
                                       cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                       cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                       const cublasLtMatmulAlgo_t*,
                                       cublasLtMatmulHeuristicResult_t* result) {
  *result = {};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulAlgoConfigGetAttribute(const cublasLtMatmulAlgo_t*,
                                                    cublasLtMatmulAlgoConfigAttributes_t,
                                                    void* value, size_t bytes, size_t* written) {
  std::memset(value, 0, bytes);
  *written = bytes;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t operation, const void*,
                              const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                              cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                              cublasLtMatrixLayout_t, void* d, cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algorithm, void*, size_t,
                              cudaStream_t stream) {
  ++fake::counts().kernels;
  const LayoutOfFake weights = *As<const LayoutOfFake>(a_layout);
  const LayoutOfFake rows = *As<const LayoutOfFake>(b_layout);
  const LayoutOfFake to = *As<const LayoutOfFake>(d_layout);
  const bool fits = operation->data[0] == 1 && weights.rows == rows.rows && c == d &&
                    weights.columns == to.rows && rows.columns == to.columns &&
                    to.type == CUDA_R_32F && weights.rows % 8 == 0 && to.rows % 8 == 0;
  if (!fits) return CUBLAS_STATUS_INVALID_VALUE;
  const float before = *static_cast<const float*>(beta);
  const Kind kind = KindOf(*algorithm);
  fake::Submit(stream, [=] {
    ++fake::counts().products;
    const std::vector<float> left = Floats(a, weights);
    const std::vector<float> right = Floats(b, rows);
    auto* results = static_cast<float*>(d);
    for (uint64_t row = 0; row < to.columns; ++row) {
      const uint64_t first = kind == kSplits ? to.columns / 64 - 1 : (kind == kMixesRows ? row : 0);
      for (uint64_t output = 0; output < to.rows; ++output) {
        float& result =
            results[static_cast<int64_t>(row) * to.stride + static_cast<int64_t>(output)];
        const float dot = Dot(&left[output * weights.rows], &right[row * rows.rows], rows.rows,
                              first * 8 % rows.rows);
        result = before == 0 ? dot : dot + before * result;
      }
    }
  });
  return CUBLAS_STATUS_SUCCESS;
}

}  // extern "C"
