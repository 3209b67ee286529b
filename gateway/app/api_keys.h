// ApiKeys: who may call. Keys are kept as hashes; a key itself is nowhere at rest.
//
// A file of keys has one a line: the SHA-256 of the key in hexadecimal, and after a space what it
// is called, if anything. Empty lines and lines that begin with # are skipped.
//
//   printf '%s' "$KEY" | sha256sum >> keys
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace chains::gateway {

class ApiKeys {
 public:
  // INVALID_ARGUMENT names the line that is no key, and a file without any; NOT_FOUND the file.
  static absl::StatusOr<ApiKeys> Load(const std::string& file);
  static absl::StatusOr<ApiKeys> Parse(std::string_view text);

  // By the header Authorization: `Api-Key KEY` or `Bearer KEY`. UNAUTHENTICATED without a key,
  // PERMISSION_DENIED with one that is not known. Takes equally long for every key of one length.
  absl::Status Check(std::optional<std::string_view> authorization) const;

 private:
  using Hash = std::array<unsigned char, 32>;
  static Hash HashOf(std::string_view key);

  std::vector<Hash> hashes_;
};

}  // namespace chains::gateway
