// The authority of a platform on this machine: a file, made at the first start.
//
//   absl::StatusOr<std::shared_ptr<const Authority>> authority = LoadAuthority(home / "ca.pem");
//
// Who can read the file can be anybody: it is its owner's alone, and used only if it is.
#pragma once

#include <filesystem>
#include <memory>

#include "absl/status/statusor.h"
#include "chains/grpc/authority.h"

namespace chains::deploy {

// The trust domain of platforms: each has an authority of its own, so they need not differ.
inline constexpr char kTrustDomain[] = "chains.local";

// FAILED_PRECONDITION: others may read the file, or it has no authority; says what to do.
absl::StatusOr<std::shared_ptr<const Authority>> LoadAuthority(const std::filesystem::path& file);

}  // namespace chains::deploy
