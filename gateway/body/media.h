// Media: what a body is, by its Content-Type and Content-Encoding. Pure.
//
//   const BodyHeaders headers = BodyHeadersOf(head);
//   switch (MediaOf(headers.type)) …
#pragma once

#include <optional>
#include <string_view>

#include "gateway/http/message.h"

namespace chains::gateway {

enum class Media {
  kJson,       // application/json, +json; no type; and what curl and forms say without being asked
  kProtobuf,   // application/x-protobuf and its other names
  kLines,      // application/x-ndjson
  kMultipart,  // multipart/form-data
  kOther,      // anything else: bytes
};

Media MediaOf(std::optional<std::string_view> content_type);

struct BodyHeaders {
  std::optional<std::string_view> type;
  std::optional<std::string_view> encoding;
};

// Found in one pass. The views are into `head`.
BodyHeaders BodyHeadersOf(const RequestHead& head);

// The type itself, without parameters and blanks.
std::string_view TypeWithoutParameters(std::string_view content_type);

}  // namespace chains::gateway
