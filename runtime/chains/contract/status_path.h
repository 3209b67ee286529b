// The path of a failure: which calls it came through, the entrypoint first, where it began last.
//
// It travels as a payload of the absl::Status, inside a process and between processes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace chains {

// One call that failed.
struct Hop {
  std::string chainlet;  // "hello.SayHello"
  std::string method;    // "RunRemote"
  std::string replica;   // which process answered, or the address that did not
  int attempt = 0;       // which attempt this was, from 1; 0 when there was only one

  friend bool operator==(const Hop&, const Hop&) = default;
};

// Empty for a failure that crossed no edge. A path that grew too long has a Hop in its middle whose
// chainlet says how many were left out.
std::vector<Hop> PathOf(const absl::Status& status);

// The same failure, one call further out.
absl::Status WithHop(const absl::Status& status, Hop hop);
// The same failure with another path.
absl::Status WithPath(const absl::Status& status, const std::vector<Hop>& path);

// "hello.HelloAll.RunRemote > hello.SayHello.RunRemote (replica say-0, attempt 3)"; empty without.
std::string PathText(const absl::Status& status);

// What grpc-status-details-bin holds for `status`: payloads and path, at most 4 KiB. Empty when
// there is nothing to say beyond code and message.
std::string EncodeDetails(const absl::Status& status);
// `status` with what its sender encoded; what cannot be read is left out.
absl::Status DecodeDetails(const absl::Status& status, std::string_view details);

}  // namespace chains
