// Base64 as proto3 JSON has it: written with the standard alphabet and padding, read in the
// standard or the URL alphabet, with padding or without.
#pragma once

#include <string>
#include <string_view>

namespace chains::json {

void AppendBase64(std::string_view bytes, std::string& out);

// Appends the bytes. False, with `out` in any state, where `text` is no base64.
[[nodiscard]] bool AppendFromBase64(std::string_view text, std::string& out);

}  // namespace chains::json
