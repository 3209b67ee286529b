// Base64 as proto3 JSON has it: written with the standard alphabet and padding, read in the
// standard or the URL alphabet, with padding or without.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace chains::json {

void AppendBase64(std::string_view bytes, std::string& out);

// How many bytes `text` stands for, if it is base64.
size_t SizeFromBase64(std::string_view text);

// Appends the bytes. False, with `out` in any state, where `text` is no base64, or where bits that
// it has to spare at its end are not zero.
[[nodiscard]] bool AppendFromBase64(std::string_view text, std::string& out);

}  // namespace chains::json
