// The transcoder of everything.proto, and short ways to use it.
#pragma once

#include <string>
#include <string_view>

#include "chains/core/text.h"
#include "chains/json/transcoder.h"
#include "everything.pb.h"
#include "tests/runtime/json/descriptors.h"

namespace chains::json {

inline const Transcoder& EverythingTranscoder() {
  static const auto* const transcoder =
      Transcoder::Create(FilesOf(*everything::All::descriptor()), "everything.Everything")
          ->release();
  return *transcoder;
}

inline absl::StatusOr<std::string> ToWire(std::string_view method, std::string_view json) {
  return EverythingTranscoder().RequestToWire(*EverythingTranscoder().Find(method), json);
}

// What is wrong with a request; empty where nothing is.
inline std::string ProblemOf(std::string_view method, std::string_view json) {
  return std::string(MessageOf(ToWire(method, json).status()));
}

inline std::string ToJson(std::string_view method, const google::protobuf::Message& reply) {
  const auto json = EverythingTranscoder().ReplyToJson(*EverythingTranscoder().Find(method),
                                                       reply.SerializeAsString());
  return json.ok() ? *json : json.status().ToString();
}

}  // namespace chains::json
