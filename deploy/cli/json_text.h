// Messages as JSON for `--output json`: field names as in the contract, one line.
#pragma once

#include <string>
#include <string_view>

#include <google/protobuf/message.h>
#include <google/protobuf/struct.pb.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chains::deploy::cli {

// Defaults are printed. No line end.
std::string JsonLine(const google::protobuf::Message& message);

// {"error":{"code":"NOT_FOUND","message":"…"}}
std::string JsonLine(const absl::Status& error);

// INVALID_ARGUMENT where `json` is no JSON.
absl::StatusOr<google::protobuf::Value> ParseJson(std::string_view json);

// `json`, one member or element a line; as it is where it is no JSON.
std::string PrettyJson(std::string_view json);

// What a member of `object` holds; empty, or 0, where there is none of that kind.
const google::protobuf::Value* Member(const google::protobuf::Value& object,
                                      const std::string& name);
std::string TextMember(const google::protobuf::Value& object, const std::string& name);
double NumberMember(const google::protobuf::Value& object, const std::string& name);

}  // namespace chains::deploy::cli
