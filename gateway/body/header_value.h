// HeaderValue: a header's value with parameters, as media types and dispositions have them. Pure.
//
//   auto value = ParseHeaderValue(R"(form-data; name="audio"; filename="a \"b\".wav")");
//   value->value;                  // "form-data"
//   *value->Find("filename");      // a "b".wav
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace chains::gateway {

struct HeaderValue {
  std::string value;                                            // in lower case
  std::vector<std::pair<std::string, std::string>> parameters;  // names in lower case

  // nullptr without such a parameter.
  const std::string* Find(std::string_view name) const;
};

// INVALID_ARGUMENT where it is none, or has a parameter twice. In quotes `\"` is a quote; other
// backslashes stay, because browsers write names of files with them as they are. A `name*` that RFC
// 8187 encodes is decoded, becomes `name`, and wins over a plain one.
absl::StatusOr<HeaderValue> ParseHeaderValue(std::string_view text);

// "%C3%A4" → "ä". False where a % is not before two hexadecimal digits.
bool DecodePercent(std::string_view text, std::string& decoded);

}  // namespace chains::gateway
