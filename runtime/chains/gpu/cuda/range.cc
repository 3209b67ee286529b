#include "chains/gpu/cuda/range.h"

#include <nvtx3/nvToolsExt.h>

namespace chains::gpu::cuda {

Range::Range(const char* name) { nvtxRangePushA(name); }
Range::~Range() { nvtxRangePop(); }

}  // namespace chains::gpu::cuda
