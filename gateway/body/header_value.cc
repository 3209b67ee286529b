#include "gateway/body/header_value.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "chains/core/text.h"
#include "chains/json/json_reader.h"

namespace chains::gateway {
namespace {

constexpr size_t kMaxParameters = 16;
constexpr size_t kShown = 200;

// RFC 9110, 5.6.2.
bool IsTokenCharacter(char c) {
  return absl::ascii_isalnum(c) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool done() const { return at_ == text_.size(); }
  void SkipSpace() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool Take(char c) {
    if (done() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  // Up to what is no character of a token; `more` belong to it, too.
  std::string_view Token(std::string_view more = "") {
    const size_t begin = at_;
    while (at_ < text_.size() &&
           (IsTokenCharacter(text_[at_]) || more.find(text_[at_]) != std::string_view::npos)) {
      ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }
  // After the first quote, to the last one.
  bool Quoted(std::string& value) {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') return ++at_, true;
      if (absl::ascii_iscntrl(c) && c != '\t') return false;
      const bool escapes = c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == '"';
      value += escapes ? text_[++at_] : c;
    }
    return false;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

// RFC 8187: utf-8'en'%C3%A4
std::optional<std::string> Extended(std::string_view text) {
  const size_t charset = text.find('\'');
  if (charset == std::string_view::npos) return std::nullopt;
  const size_t language = text.find('\'', charset + 1);
  if (language == std::string_view::npos) return std::nullopt;
  if (!absl::EqualsIgnoreCase(ToAbsl(text.substr(0, charset)), "utf-8")) return std::nullopt;
  std::string decoded;
  if (!DecodePercent(text.substr(language + 1), decoded) || !json::IsUtf8(decoded)) {
    return std::nullopt;
  }
  return decoded;
}

absl::Status Bad(std::string_view text) {
  return absl::InvalidArgumentError(
      Text("'", text.substr(0, kShown), "' is not a value with parameters"));
}

// The plain parameters, and then those that RFC 8187 encodes over them.
absl::Status Merge(std::vector<std::pair<std::string, std::string>>& parameters) {
  std::vector<std::pair<std::string, std::string>> merged;
  const auto find = [&](std::string_view name) {
    return std::find_if(merged.begin(), merged.end(),
                        [&](const auto& each) { return each.first == name; });
  };
  for (const bool extended : {false, true}) {
    for (auto& [name, value] : parameters) {
      if (name.ends_with('*') != extended) continue;
      if (!extended) {
        if (find(name) != merged.end()) {
          return absl::InvalidArgumentError(Text("the parameter ", name, " is there twice"));
        }
        merged.emplace_back(name, std::move(value));
        continue;
      }
      std::optional<std::string> decoded = Extended(value);
      if (!decoded) {
        return absl::InvalidArgumentError(Text(name, " is not of the form utf-8''%41"));
      }
      const std::string plain = name.substr(0, name.size() - 1);
      const auto place = find(plain);
      if (place == merged.end()) {
        merged.emplace_back(plain, *std::move(decoded));
      } else {
        place->second = *std::move(decoded);
      }
    }
  }
  parameters = std::move(merged);
  return absl::OkStatus();
}

}  // namespace

bool DecodePercent(std::string_view text, std::string& decoded) {
  const auto digit = [](char c) {
    return absl::ascii_isdigit(c) ? c - '0' : absl::ascii_tolower(c) - 'a' + 10;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (text.size() - i < 3 || !absl::ascii_isxdigit(text[i + 1]) ||
        !absl::ascii_isxdigit(text[i + 2])) {
      return false;
    }
    decoded += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
    i += 2;
  }
  return true;
}

const std::string* HeaderValue::Find(std::string_view name) const {
  for (const auto& [each, text] : parameters) {
    if (each == name) return &text;
  }
  return nullptr;
}

absl::StatusOr<HeaderValue> ParseHeaderValue(std::string_view text) {
  Scanner scanner(text);
  HeaderValue parsed;
  scanner.SkipSpace();
  parsed.value = absl::AsciiStrToLower(ToAbsl(scanner.Token("/")));
  if (parsed.value.empty()) return Bad(text);
  for (scanner.SkipSpace(); scanner.Take(';'); scanner.SkipSpace()) {
    scanner.SkipSpace();
    if (scanner.done()) break;  // a last semicolon
    std::string name = absl::AsciiStrToLower(ToAbsl(scanner.Token()));
    if (name.empty() || !scanner.Take('=')) return Bad(text);
    std::string value;
    const bool quoted = scanner.Take('"');
    if (!quoted) value = scanner.Token("/:?@[]()<>,");
    if (quoted ? !scanner.Quoted(value) : value.empty()) return Bad(text);
    if (parsed.parameters.size() == kMaxParameters) return Bad(text);
    parsed.parameters.emplace_back(std::move(name), std::move(value));
  }
  if (!scanner.done()) return Bad(text);
  const absl::Status merged = Merge(parsed.parameters);
  if (!merged.ok()) return merged;
  return parsed;
}

}  // namespace chains::gateway
