// What holds for every bundle, and the digest by which it is known.
//
//   if (absl::Status valid = ValidateBundle(bundle); !valid.ok()) return valid;
//   std::string digest = DigestOf(bundle);  // hexadecimal: 64 digits
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/v1/bundle.pb.h"

namespace chains::deploy {

inline constexpr int kMaxBundleFiles = 10'000;
inline constexpr size_t kMaxPathLength = 512;
inline constexpr uint64_t kMaxBundleBytes = uint64_t{1} << 42;    // all files, 4 TiB
inline constexpr size_t kMaxBundleIndexBytes = size_t{32} << 20;  // the message itself

// Equal bundles have equal serializations, so equal digests.
std::string SerializeBundle(const v1::Bundle& bundle);
// Hexadecimal SHA-256 of the deterministic serialization.
std::string DigestOf(const v1::Bundle& bundle);

// Parses what came from elsewhere, and validates it.
absl::StatusOr<v1::Bundle> ParseBundle(std::string_view bytes);

// A bundle may come from anybody with a key, and becomes files: its paths are relative, normalized,
// ascending and nobody's folder; numbers and sizes are bounded; digests have 32 bytes; the program
// is one of the files, and executable; the manifest has the entrypoint; GPU modules that chainlets
// cannot do without are among the files. INVALID_ARGUMENT names the
// first file or field that is not so. Pure.
absl::Status ValidateBundle(const v1::Bundle& bundle);

// Why a file of a bundle cannot be at `path`; empty: it can.
std::string ProblemOfPath(std::string_view path);

}  // namespace chains::deploy
