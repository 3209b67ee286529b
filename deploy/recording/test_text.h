// The texts that a made test is put together from. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chains::deploy {

// `R"pb(…)pb"`, with another word than pb where the text has )pb" in itself.
std::string RawString(std::string_view text);
// `"…"`, with what would end it escaped.
std::string QuotedString(std::string_view text);
// "{R"pb(name: "Ada")pb"}" of serialized messages; INVALID_ARGUMENT where one is none of `type`.
absl::StatusOr<std::string> MessagesText(const google::protobuf::Descriptor& type,
                                         const std::vector<std::string>& messages);
// `absl::UnavailableError("gone")`, of a status that is not OK.
std::string StatusText(const absl::Status& status);
// "hello.v1.SayHello" → "hello::v1::SayHello".
std::string CppName(std::string_view full_name);

}  // namespace chains::deploy
