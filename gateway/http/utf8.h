// UTF-8 of a text that comes in pieces, and texts that are cut.
//
//   Utf8Check check;
//   if (!check.Feed(piece)) …            // no bytes after these make a text of it
//   if (!check.complete()) …             // at the end: the last character is cut off
//
// Pure. UTF-8 is RFC 3629's: no surrogates, nothing above U+10FFFF, no longer form than needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace chains::gateway {

class Utf8Check {
 public:
  // False as soon as no text begins so; then it stays false.
  bool Feed(std::string_view bytes);
  // Whether what was fed ends with a character.
  bool complete() const { return valid_ && missing_ == 0; }

 private:
  bool Step(uint8_t byte);

  bool valid_ = true;
  int missing_ = 0;  // bytes of the character that has begun
  // What its next byte may be: the second one tells long forms and surrogates apart.
  uint8_t lowest_ = 0x80;
  uint8_t highest_ = 0xBF;
};

// As many whole characters of `text`, which is UTF-8, as fit into `max_bytes`.
std::string_view Utf8Prefix(std::string_view text, size_t max_bytes);

}  // namespace chains::gateway
