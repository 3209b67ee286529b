#include "fetch/response_head.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "absl/strings/match.h"
#include "chains/core/text.h"

namespace transcribe {
namespace {

constexpr size_t kLongestVersion = 512;

// All of `text` as a number.
std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t begin = std::min(text.find_first_not_of(kBlank), text.size());
  text.remove_prefix(begin);
  const size_t last = text.find_last_not_of(kBlank);
  return last == text.npos ? std::string_view() : text.substr(0, last + 1);
}

// What follows "bytes "; nullopt for another unit.
std::optional<std::string_view> InBytes(std::string_view value) {
  constexpr std::string_view kUnit = "bytes ";
  if (!absl::StartsWithIgnoreCase(chains::ToAbsl(value), chains::ToAbsl(kUnit))) {
    return std::nullopt;
  }
  return Trim(value.substr(kUnit.size()));
}

}  // namespace

std::optional<ContentRange> ParseContentRange(std::string_view value) {
  const std::optional<std::string_view> text = InBytes(value);
  if (!text.has_value()) return std::nullopt;
  const size_t dash = text->find('-');
  const size_t slash = text->find('/');
  if (dash == text->npos || slash == text->npos || dash > slash) return std::nullopt;
  const std::optional<uint64_t> first = ParseNumber(text->substr(0, dash));
  const std::optional<uint64_t> last = ParseNumber(text->substr(dash + 1, slash - dash - 1));
  const std::optional<uint64_t> size = ParseNumber(text->substr(slash + 1));
  if (!first.has_value() || !last.has_value() || !size.has_value()) return std::nullopt;
  if (*first > *last || *last >= *size) return std::nullopt;
  return ContentRange{.first = *first, .last = *last, .size = *size};
}

bool ResponseHead::is_redirect() const {
  return status_ == 301 || status_ == 302 || status_ == 303 || status_ == 307 || status_ == 308;
}

void ResponseHead::AddLine(std::string_view line) {
  line = Trim(line);
  if (line.starts_with("HTTP/")) {
    *this = ResponseHead();
    const size_t blank = line.find(' ');
    if (blank == line.npos) return;
    const std::optional<uint64_t> status = ParseNumber(line.substr(blank + 1, 3));
    if (status.has_value()) status_ = static_cast<int>(*status);
    return;
  }
  const size_t colon = line.find(':');
  if (colon != line.npos) AddField(Trim(line.substr(0, colon)), Trim(line.substr(colon + 1)));
}

void ResponseHead::AddField(std::string_view name, std::string_view value) {
  const auto is = [&](absl::string_view wanted) {
    return absl::EqualsIgnoreCase(chains::ToAbsl(name), wanted);
  };
  if (is("content-range")) {
    range_ = ParseContentRange(value);
    const std::optional<std::string_view> text = InBytes(value);
    if (text.has_value() && text->starts_with("*/")) {
      unsatisfied_size_ = ParseNumber(text->substr(2));
    }
  } else if (is("content-length")) {
    length_ = ParseNumber(value);
  } else if (is("location")) {
    location_ = value;
  } else if (is("etag")) {
    etag_ = value.substr(0, kLongestVersion);
  } else if (is("last-modified")) {
    last_modified_ = value.substr(0, kLongestVersion);
  }
}

}  // namespace transcribe
