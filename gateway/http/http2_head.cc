#include "gateway/http/http2_head.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr size_t kPerField = 32;  // RFC 9113, 6.5.2

// RFC 9113, 8.2.2: a message with one of these is malformed.
constexpr std::array<std::string_view, 5> kOfAConnection = {
    "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"};

bool IsNameCharacter(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return absl::ascii_isalnum(c) || kOthers.find(c) != std::string_view::npos;
}

bool IsSendable(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), IsNameCharacter) &&
         std::find(kOfAConnection.begin(), kOfAConnection.end(), name) == kOfAConnection.end();
}

uint8_t* Bytes(std::string& text) { return reinterpret_cast<uint8_t*>(text.data()); }

}  // namespace

void Http2HeadReader::Add(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + kPerField;
  if (too_large()) return;
  if (name == ":method") {
    head_.method = value;
  } else if (name == ":path") {
    head_.target = value;
  } else if (name == ":authority") {
    authority_ = value;
  } else if (name.starts_with(':')) {
    return;  // the scheme
  } else if (name == "cookie" && !head_.headers.empty() && head_.headers.back().first == name) {
    head_.headers.back().second.append("; ").append(value);
  } else {
    head_.headers.emplace_back(name, value);
  }
}

RequestHead Http2HeadReader::Take() {
  head_.is_http_2 = true;
  if (!authority_.empty() && !head_.Header("host")) {
    head_.headers.emplace_back("host", std::move(authority_));
  }
  if (const auto length = head_.Header("content-length")) {
    uint64_t bytes = 0;
    if (absl::SimpleAtoi(ToAbsl(*length), &bytes)) head_.content_length = bytes;
  }
  const auto expected = head_.Header("expect");
  head_.expects_continue = expected && *expected == "100-continue";
  return std::move(head_);
}

void Http2Fields::Add(std::string_view name, std::string_view value) {
  Field field{.name = absl::AsciiStrToLower(ToAbsl(name)), .value = std::string(value)};
  const bool pseudo = field.name == ":status";
  if (!pseudo && !IsSendable(field.name)) return;
  std::replace_if(
      field.value.begin(), field.value.end(),
      [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
  absl::StripAsciiWhitespace(&field.value);
  kept_.push_back(std::move(field));
}

const std::vector<nghttp2_nv>& Http2Fields::fields() {
  fields_.clear();
  for (Field& field : kept_) {
    fields_.push_back({.name = Bytes(field.name),
                       .value = Bytes(field.value),
                       .namelen = field.name.size(),
                       .valuelen = field.value.size(),
                       .flags = NGHTTP2_NV_FLAG_NONE});
  }
  return fields_;
}

}  // namespace chains::gateway
