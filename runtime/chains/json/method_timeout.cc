#include "chains/json/method_timeout.h"

#include <bit>
#include <cstdint>
#include <string>

#include <google/protobuf/descriptor.pb.h>

#include "absl/strings/str_cat.h"
#include "chains/json/wire.h"

namespace chains::json {
namespace {

// Numbers in chains/v1/options.proto.
constexpr uint32_t kHttpOption = 51471;
constexpr uint32_t kTimeout = 2;

constexpr double kLeast = 0.001;
constexpr double kMost = 24 * 3600;

// The option may be a known extension or unknown bytes, as this program links its definition or
// not; written out it is the same.
std::optional<double> SecondsOf(const google::protobuf::MethodDescriptor& method) {
  std::optional<double> seconds;
  const std::string options = method.options().SerializeAsString();
  WireReader reader(options);
  for (WireReader::Field option; reader.Next(option);) {
    if (option.number != kHttpOption) continue;
    WireReader parts(option.bytes);
    for (WireReader::Field part; parts.Next(part);) {
      if (part.number == kTimeout) seconds = std::bit_cast<double>(part.value);
    }
  }
  return seconds;
}

}  // namespace

absl::StatusOr<std::optional<absl::Duration>> MethodTimeoutOf(
    const google::protobuf::MethodDescriptor& method) {
  const std::optional<double> seconds = SecondsOf(method);
  if (!seconds) return std::nullopt;
  if (*seconds >= kLeast && *seconds <= kMost) return absl::Seconds(*seconds);
  return absl::InvalidArgumentError(absl::StrCat("(chains.v1.http).timeout is ", *seconds,
                                                 "; give ", kLeast, " to ", kMost, " seconds"));
}

}  // namespace chains::json
