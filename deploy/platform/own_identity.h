// The platform's own certificate, where it is the authority itself.
//
//   absl::StatusOr<std::shared_ptr<const Identity>> identity = MakeOwnIdentity(*authority, folder);
//   …a task of the loop runs KeepOwnIdentity(authority, folder)…
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "chains/core/task.h"
#include "chains/grpc/authority.h"
#include "chains/grpc/identity.h"

namespace chains::deploy {

// Writes it into the folder, which is made, for this user alone. The key is a new one.
absl::StatusOr<std::shared_ptr<const Identity>> MakeOwnIdentity(const Authority& authority,
                                                                const std::string& folder);
// Renews it when half of its life is over, for ever.
Task<void> KeepOwnIdentity(std::shared_ptr<const Authority> authority, std::string folder);

}  // namespace chains::deploy
