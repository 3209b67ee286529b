#include "deploy/apiserver/yaml_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

// What YAML 1.1 (Kubernetes' reader) or 1.2 take for a boolean, null, or a number, in lower case.
constexpr std::array<std::string_view, 16> kWords = {"y",    "n",     "yes",   "no",  "on", "off",
                                                     "true", "false", "null",  "~",   "=",  "<<",
                                                     ".inf", "+.inf", "-.inf", ".nan"};

bool IsOneOf(char c, std::string_view characters) { return characters.find(c) != characters.npos; }

bool LooksLikeNumberOrTime(std::string_view text) {
  const bool begins =
      absl::ascii_isdigit(text[0]) || (IsOneOf(text[0], "+-.") && text.size() > 1 &&
                                       (absl::ascii_isdigit(text[1]) || text[1] == '.'));
  if (!begins) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isxdigit(static_cast<unsigned char>(c)) || IsOneOf(c, "xXoO_+-.:tTzZ ");
  });
}

// The bytes of a character that is invisible, or ends a line, to some reader: 0 where it is
// harmless.
size_t Special(std::string_view rest, uint32_t& code) {
  const auto byte = [&](size_t i) -> uint32_t {
    return i < rest.size() ? static_cast<unsigned char>(rest[i]) : 0;
  };
  code = byte(0);
  if (code < 0x20 || code == 0x7f) return 1;
  if (code == 0xc2 && byte(1) >= 0x80 && byte(1) <= 0xa0) {  // C1, no-break space
    code = byte(1);
    return 2;
  }
  if ((code & 0xf0) != 0xe0 || rest.size() < 3) return 0;
  code = (code & 0xf) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
  const bool special = code == 0x2028 || code == 0x2029 || code == 0xfeff || code >= 0xfffe;
  return special ? 3 : 0;
}

bool HasSpecial(std::string_view text, std::string_view allowed) {
  for (size_t i = 0; i < text.size(); ++i) {
    uint32_t code = 0;
    if (!IsOneOf(text[i], allowed) && Special(text.substr(i), code) > 0) return true;
  }
  return false;
}

bool MayBePlain(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  const bool flag = text.size() > 1 && text[0] == '-' && text[1] != ' ' && text.find("---") != 0;
  if ((text[0] == '-' && !flag) || HasSpecial(text, "")) return false;
  if (IsOneOf(text[0], "?:,[]{}#&*!|>'\"%@`=")) return false;
  if (text.find(": ") != text.npos || text.find(" #") != text.npos) return false;
  const std::string lower = absl::AsciiStrToLower(ToAbsl(text));
  if (std::find(kWords.begin(), kWords.end(), lower) != kWords.end()) return false;
  return !LooksLikeNumberOrTime(text);
}

std::string Escaped(uint32_t code) {
  switch (code) {
    case '\n':
      return "\\n";
    case '\t':
      return "\\t";
    case '\r':
      return "\\r";
    default:
      return code < 0x100 ? Text("\\x", absl::Hex(code, absl::kZeroPad2))
                          : Text("\\u", absl::Hex(code, absl::kZeroPad4));
  }
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (size_t i = 0; i < text.size();) {
    uint32_t code = 0;
    const size_t special = Special(text.substr(i), code);
    if (special > 0) {
      quoted += Escaped(code);
      i += special;
      continue;
    }
    if (IsOneOf(text[i], "\"\\")) quoted += '\\';
    quoted += text[i++];
  }
  return quoted + "\"";
}

}  // namespace

std::string YamlScalar(std::string_view text) {
  return MayBePlain(text) ? std::string(text) : Quoted(text);
}

bool FitsYamlBlock(std::string_view text) {
  const size_t first = text.find('\n');
  if (first == text.npos || first == 0 || IsOneOf(text[0], " \t")) return false;
  if (HasSpecial(text, "\n\t")) return false;
  // Spaces at the end of a line are there, but nobody sees them.
  return text.find(" \n") == text.npos && text.find("\t\n") == text.npos &&
         !IsOneOf(text.back(), " \t");
}

}  // namespace chains::deploy
