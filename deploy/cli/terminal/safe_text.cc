#include "deploy/cli/terminal/safe_text.h"

#include <cstdint>
#include <optional>

#include "absl/strings/str_format.h"

namespace chains::deploy::cli {
namespace {

struct Character {
  uint32_t point = 0;
  size_t bytes = 1;
  bool valid = false;
};

bool Continues(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// The character that `text`, which is not empty, begins with.
Character First(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {.point = first, .bytes = 1, .valid = true};
  const size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < bytes) return {};
  uint32_t point = first & (0x7Fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if (!Continues(next)) return {};
    point = point << 6 | (next & 0x3Fu);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xD800 && point < 0xE000;
  if (point < kSmallest[bytes] || point > 0x10FFFF || surrogate) return {};
  return {.point = point, .bytes = bytes, .valid = true};
}

bool IsControl(uint32_t point) { return point < 0x20 || (point >= 0x7F && point < 0xA0); }

// They reorder what is around them, or end a line where we did not.
bool Misleads(uint32_t point) {
  return point == 0x200E || point == 0x200F || (point >= 0x2028 && point <= 0x202E) ||
         (point >= 0x2066 && point <= 0x2069) || point == 0xFEFF;
}

std::string Escaped(uint32_t point) {
  if (point == '\n') return "\\n";
  if (point == '\t') return "\\t";
  if (point == '\r') return "\\r";
  return point < 0x100 ? absl::StrFormat("\\x%02x", point) : absl::StrFormat("\\u%04x", point);
}

}  // namespace

std::string Safe(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const Character next = First(text);
    if (!next.valid) {
      safe += absl::StrFormat("\\x%02x", static_cast<unsigned char>(text[0]));
    } else if (IsControl(next.point) || Misleads(next.point)) {
      safe += Escaped(next.point);
    } else {
      safe += text.substr(0, next.bytes);
    }
    text.remove_prefix(next.bytes);
  }
  return safe;
}

std::vector<std::string> SafeLines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string line;
    for (const char c : text.substr(0, end)) {
      if (c == '\t') {
        line += "    ";
      } else {
        line += c;
      }
    }
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(Safe(line));
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
  }
  return lines;
}

std::string SafeJson(std::string_view json) {
  std::string safe;
  safe.reserve(json.size());
  while (!json.empty()) {
    const Character next = First(json);
    const bool kept =
        next.valid && (json[0] == '\n' || !IsControl(next.point)) && !Misleads(next.point);
    if (kept) {
      safe += json.substr(0, next.bytes);
    } else if (json[0] == '\t' || json[0] == '\r') {
      safe += ' ';  // outside of strings; inside, JSON has them escaped
    } else {
      safe += absl::StrFormat("\\u%04x", next.valid ? next.point : 0xFFFDu);
    }
    json.remove_prefix(next.bytes);
  }
  return safe;
}

size_t Columns(std::string_view text) {
  size_t columns = 0;
  for (const char c : text) columns += Continues(static_cast<unsigned char>(c)) ? 0 : 1;
  return columns;
}

std::string Shortened(std::string_view text, size_t columns) {
  if (Columns(text) <= columns) return std::string(text);
  std::string kept;
  for (size_t i = 0; i + 1 < columns; ++i) {
    const size_t bytes = First(text).bytes;
    kept += text.substr(0, bytes);
    text.remove_prefix(bytes);
  }
  return kept + "…";
}

}  // namespace chains::deploy::cli
