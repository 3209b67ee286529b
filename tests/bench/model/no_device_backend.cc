// Where CUDA is not installed.
#include "tests/bench/model/device_backend.h"

namespace bench {

absl::StatusOr<std::unique_ptr<poems::phi::Backend>> MakeDeviceBackend(
    const poems::phi::Shape& /*shape*/, const poems::phi::Weights& /*weights*/,
    const poems::phi::BackendOptions& /*options*/) {
  return absl::UnavailableError("this build has no CUDA");
}

}  // namespace bench
