// Tokens: how replicas, agents and gateways prove who they are: the metadata `chains-token`.
//
//   co_await CheckToken(here.context(), deployment->record.token());
#pragma once

#include <string>

#include "absl/status/status.h"
#include "chains/core/context.h"

namespace chains::deploy {

// Whether a caller shows this token; nobody shows an empty one. How long it takes says nothing of
// how much of a wrong token is right.
bool ShowsToken(const Context& context, const std::string& token);

// PERMISSION_DENIED: it does not.
absl::Status CheckToken(const Context& context, const std::string& token);

}  // namespace chains::deploy
