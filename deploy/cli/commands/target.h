// Which deployment a command is about, from what was typed.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "chains/v1/platform.pb.h"
#include "deploy/cli/command.h"
#include "deploy/cli/platform_client.h"

namespace chains::deploy::cli {

// CHAIN [--environment E | --deployment ID], as most commands take it.
struct TargetFlags {
  std::string chain = {};
  std::string environment = {};
  std::string deployment = {};
};
// Options for `flags`, which outlives them; `chain_is_required` or may be left out.
enum class ChainIs { kRequired, kOptional };
std::vector<Option> TargetOptions(TargetFlags& flags, ChainIs chain_is);
// INVALID_ARGUMENT where both an environment and a deployment were asked for.
absl::StatusOr<v1::DeploymentRequest> ToRequest(const TargetFlags& flags);

// ID, or CHAIN --environment E, for commands that change one deployment.
struct IdOrChain {
  std::string name = {};
  std::string environment = {};
};
std::vector<Option> IdOrChainOptions(IdOrChain& flags);
// What `name` is, the platform knows. NOT_FOUND where it is neither; FAILED_PRECONDITION where it
// is a chain and no environment was named.
absl::StatusOr<v1::DeploymentRequest> Resolve(PlatformClient& platform, const IdOrChain& flags);

}  // namespace chains::deploy::cli
