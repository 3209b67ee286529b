#include "gateway/body/media.h"

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr std::string_view kType = "content-type";
constexpr std::string_view kEncoding = "content-encoding";

struct Name {
  std::string_view type;
  Media media;
};
constexpr std::array kNames = {
    Name{"application/json", Media::kJson},
    Name{"application/x-protobuf", Media::kProtobuf},
    Name{"multipart/form-data", Media::kMultipart},
    Name{"application/x-ndjson", Media::kLines},
    // `curl -d` says so of whatever it sends; a form's own fields come as multipart/form-data here.
    Name{"application/x-www-form-urlencoded", Media::kJson},
    Name{"text/json", Media::kJson},
    Name{"application/protobuf", Media::kProtobuf},
    Name{"application/vnd.google.protobuf", Media::kProtobuf},
    Name{"application/ndjson", Media::kLines},
    Name{"application/jsonl", Media::kLines},
    Name{"application/x-jsonlines", Media::kLines},
};

bool Is(std::string_view text, std::string_view name) {
  return text.size() == name.size() && absl::EqualsIgnoreCase(ToAbsl(text), ToAbsl(name));
}

}  // namespace

std::string_view TypeWithoutParameters(std::string_view content_type) {
  return ToStd(absl::StripAsciiWhitespace(ToAbsl(content_type.substr(0, content_type.find(';')))));
}

Media MediaOf(std::optional<std::string_view> content_type) {
  if (!content_type) return Media::kJson;
  const std::string_view type = TypeWithoutParameters(*content_type);
  for (const Name& name : kNames) {
    if (Is(type, name.type)) return name.media;
  }
  const bool is_json = type.empty() || absl::EndsWithIgnoreCase(ToAbsl(type), "+json");
  return is_json ? Media::kJson : Media::kOther;
}

BodyHeaders BodyHeadersOf(const RequestHead& head) {
  BodyHeaders found;
  for (const auto& [name, value] : head.headers) {
    if (!found.type && Is(name, kType)) {
      found.type = value;
    } else if (!found.encoding && Is(name, kEncoding)) {
      found.encoding = value;
    }
  }
  return found;
}

}  // namespace chains::gateway
