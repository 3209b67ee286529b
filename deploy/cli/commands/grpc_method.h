// A method of a deployed chain's entrypoint, as gRPC callers reach it through a gateway.
//
//   absl::StatusOr<GrpcMethod> method = FindGrpcMethod(session, remote, flags.target,
//   "run_remote"); absl::StatusOr<std::string> wire =
//   method->transcoder->RequestToWire(*method->method, json);
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "chains/core/context.h"
#include "chains/json/transcoder.h"
#include "deploy/cli/commands/target.h"
#include "deploy/cli/remotes.h"
#include "deploy/cli/session.h"

namespace chains::deploy::cli {

struct GrpcMethod {
  Headers metadata = {};  // says which deployment, and has the key
  std::unique_ptr<const json::Transcoder> transcoder = nullptr;
  const json::Transcoder::Method* method = nullptr;  // of the transcoder
};

// `name` is in snake_case. The contract is asked for by reflection. FAILED_PRECONDITION where the
// remote serves no gRPC, NOT_FOUND where the entrypoint has no such method.
absl::StatusOr<GrpcMethod> FindGrpcMethod(Session& session, const Remote& remote,
                                          const TargetFlags& target, const std::string& name);

}  // namespace chains::deploy::cli
