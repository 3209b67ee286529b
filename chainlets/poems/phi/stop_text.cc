#include "phi/stop_text.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace poems::phi {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// What a character's first byte says: its length and the bounds of its second byte, which keep out
// overlong forms, surrogates and what is beyond U+10FFFF. Length 0: no character begins so.
struct Lead {
  size_t length = 0;
  uint8_t least = 0x80;
  uint8_t most = 0xBF;
};

Lead LeadOf(uint8_t byte) {
  if (byte < 0x80) return {.length = 1};
  if (byte < 0xC2) return {};
  if (byte < 0xE0) return {.length = 2};
  if (byte == 0xE0) return {.length = 3, .least = 0xA0};
  if (byte == 0xED) return {.length = 3, .most = 0x9F};
  if (byte < 0xF0) return {.length = 3};
  if (byte == 0xF0) return {.length = 4, .least = 0x90};
  if (byte < 0xF4) return {.length = 4};
  if (byte == 0xF4) return {.length = 4, .most = 0x8F};
  return {};
}

struct Character {
  size_t length = 0;  // bytes that belong together, at least 1
  bool valid = false;
  bool cut = false;  // valid so far, but there are no more bytes
};

Character CharacterAt(std::string_view bytes) {
  const Lead lead = LeadOf(static_cast<uint8_t>(bytes[0]));
  size_t length = 1;
  while (length < lead.length && length < bytes.size()) {
    const auto byte = static_cast<uint8_t>(bytes[length]);
    if (byte < (length == 1 ? lead.least : 0x80) || byte > (length == 1 ? lead.most : 0xBF)) {
      return {.length = length};
    }
    ++length;
  }
  return {.length = length, .valid = length == lead.length, .cut = length < lead.length};
}

// Moves whole characters from `bytes` to `text`; at the end a cut one is none.
void MoveCharacters(std::string& bytes, std::string& text, bool end) {
  size_t begin = 0;
  while (begin < bytes.size()) {
    const std::string_view rest = std::string_view(bytes).substr(begin);
    const Character character = CharacterAt(rest);
    if (character.cut && !end) break;
    text += character.valid ? rest.substr(0, character.length) : kReplacement;
    begin += character.length;
  }
  bytes.erase(0, begin);
}

}  // namespace

std::string StopText::Add(std::string_view bytes) {
  if (stopped_) return "";
  bytes_ += bytes;
  MoveCharacters(bytes_, text_, false);
  return Release();
}

std::string StopText::Finish() {
  if (stopped_) return "";
  MoveCharacters(bytes_, text_, true);
  std::string rest = Release();
  rest += std::exchange(text_, "");
  return rest;
}

std::string StopText::Release() {
  size_t first = std::string::npos;
  for (const std::string& stop : stops_) first = std::min(first, text_.find(stop));
  stopped_ = first != std::string::npos;
  const size_t size = stopped_ ? first : text_.size() - HeldBack();
  std::string released = text_.substr(0, size);
  text_.erase(0, stopped_ ? std::string::npos : size);
  return released;
}

// The longest end of the text with which a stop string begins.
size_t StopText::HeldBack() const {
  size_t held = 0;
  for (const std::string& stop : stops_) {
    for (size_t size = std::min(stop.size() - 1, text_.size()); size > held; --size) {
      if (std::string_view(text_).ends_with(std::string_view(stop).substr(0, size))) held = size;
    }
  }
  return held;
}

}  // namespace poems::phi
