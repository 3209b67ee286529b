// ApiKeys: who may call. Keys are kept as hashes; a key itself is nowhere at rest.
//
// A file of keys has one a line: the SHA-256 of the key in hexadecimal, and after a space what it
// is called, if anything. Empty lines and lines that begin with # are skipped.
//
//   printf '%s' "$KEY" | sha256sum >> keys
//
// A platform's keys have scopes; only those with `invoke` may call.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/repeated_ptr_field.h>

#include "absl/status/statusor.h"
#include "chains/v1/control.pb.h"

namespace chains::gateway {

class ApiKeys {
 public:
  // INVALID_ARGUMENT names the line that is no key, and a file without any; NOT_FOUND the file.
  static absl::StatusOr<ApiKeys> Load(const std::string& file);
  static absl::StatusOr<ApiKeys> Parse(std::string_view text);
  // What a platform says; without any, nobody may call. INVALID_ARGUMENT: one is no SHA-256.
  static absl::StatusOr<ApiKeys> From(
      const google::protobuf::RepeatedPtrField<v1::KnownKey>& known);

  // By the header Authorization: `Api-Key KEY` or `Bearer KEY`. UNAUTHENTICATED without a key,
  // or with one that is not known; PERMISSION_DENIED with one that may not call (RFC 9110, 15.5.2
  // and 15.5.4). Takes equally long for every key of one length.
  absl::Status Check(std::optional<std::string_view> authorization) const;
  // Whether it is anybody's key.
  bool Knows(std::optional<std::string_view> authorization) const;

 private:
  using Hash = std::array<unsigned char, 32>;
  struct Known {
    Hash hash;
    bool invoke = true;
  };
  static Hash HashOf(std::string_view key);
  void Add(std::string_view hash, bool invoke);

  std::vector<Known> keys_;
};

}  // namespace chains::gateway
