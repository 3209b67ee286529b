#include "phi/cuda/module_backend.h"

#include <utility>

#include "absl/status/status.h"

namespace poems::phi::cuda {
namespace {

struct Destroy {
  void (*destroy)(Backend* backend);
  void operator()(Backend* backend) const { destroy(backend); }
};
using Owned = std::unique_ptr<Backend, Destroy>;

// The module frees what it allocated, so what the program deletes is this.
class ModuleBackend final : public Backend {
 public:
  explicit ModuleBackend(Owned backend) : backend_(std::move(backend)) {}

  const BackendInfo& info() const override { return backend_->info(); }
  bool Step(SequenceStep* sequences, int32_t count, BackendError* error) override {
    return backend_->Step(sequences, count, error);
  }

 private:
  const Owned backend_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Backend>> MakeModuleBackend(const BackendExport& exported,
                                                           const Shape& shape,
                                                           const Weights& weights,
                                                           const BackendOptions& options) {
  BackendError error;
  Owned backend(exported.make(&shape, &weights, &options, &error), Destroy{exported.destroy});
  if (backend == nullptr) {
    const auto code = static_cast<absl::StatusCode>(error.code);
    return absl::Status(code == absl::StatusCode::kOk ? absl::StatusCode::kInternal : code,
                        error.message);
  }
  return std::make_unique<ModuleBackend>(std::move(backend));
}

}  // namespace poems::phi::cuda
