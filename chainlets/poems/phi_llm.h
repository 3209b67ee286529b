// PhiLlmOnEngine: the PhiLlm that generates, with an engine that all calls of a process share.
//
//   chain.Add<poems::PhiLlmOnEngine>(chains::Shared<poems::phi::LanguageModel>(poems::OpenModel),
//   …);
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/chains.h"
#include "phi/language_model.h"
#include "poems.chains.h"

namespace poems {

// What a PhiLlm is given: the asset is its model's folder, the variable how much memory it may take
// for keys and values, e.g. "4Gi".
inline constexpr char kModelAsset[] = "model";
inline constexpr char kCacheVariable[] = "PHI_CACHE_MEMORY";
// Its Resources' gpu_module.
inline constexpr char kGpuModule[] = "poems_cuda";

// Opens that model, on the GPU that the chainlet declares or, where it says that it may do without
// one, on processors. Errors say what is missing and how to give it.
absl::StatusOr<std::unique_ptr<phi::LanguageModel>> OpenModel(
    const chains::DeploymentContext& context);

class PhiLlmOnEngine final : public PhiLlm {
 public:
  explicit PhiLlmOnEngine(phi::LanguageModel& model) : model_(model) {}

  chains::Task<PhiLlmResponse> RunRemote(PhiLlmRequest request) override;
  chains::Stream<PhiLlmToken> Generate(PhiLlmRequest request) override;

  // What the last step failed with, if it did.
  absl::Status Healthy() const { return model_.engine().health(); }

 private:
  phi::LanguageModel& model_;
};

}  // namespace poems
