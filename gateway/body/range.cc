#include "gateway/body/range.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr std::string_view kUnit = "bytes=";

std::string_view Stripped(std::string_view text) {
  return ToStd(absl::StripAsciiWhitespace(ToAbsl(text)));
}

// False where `text` is there and no number of digits alone.
bool Number(std::string_view text, std::optional<uint64_t>& number) {
  if (text.empty()) return true;
  uint64_t value = 0;
  const bool digits = std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
  if (!digits || !absl::SimpleAtoi(ToAbsl(text), &value)) return false;
  number = value;
  return true;
}

}  // namespace

std::optional<ByteRange> ParseRange(std::string_view header) {
  header = Stripped(header);
  if (!absl::StartsWithIgnoreCase(ToAbsl(header), ToAbsl(kUnit))) return std::nullopt;
  const std::string_view text = Stripped(header.substr(kUnit.size()));
  const size_t dash = text.find('-');
  if (dash == text.npos) return std::nullopt;
  ByteRange range;
  if (!Number(text.substr(0, dash), range.first) || !Number(text.substr(dash + 1), range.last)) {
    return std::nullopt;
  }
  if (!range.first && !range.last) return std::nullopt;
  if (range.first && range.last && *range.last < *range.first) return std::nullopt;
  return range;
}

std::optional<ByteSpan> SpanOf(const ByteRange& range, uint64_t size) {
  if (size == 0) return std::nullopt;
  if (!range.first) {
    if (*range.last == 0) return std::nullopt;
    return ByteSpan{.first = size - std::min(*range.last, size), .last = size - 1};
  }
  if (*range.first >= size) return std::nullopt;
  return ByteSpan{.first = *range.first, .last = std::min(range.last.value_or(size - 1), size - 1)};
}

bool ListsEtag(std::string_view if_none_match, std::string_view etag) {
  if (etag.empty()) return false;
  if (Stripped(if_none_match) == "*") return true;
  // A tag may hold commas, so its quotes are what is looked for.
  for (size_t open = if_none_match.find('"'); open != if_none_match.npos;) {
    const size_t close = if_none_match.find('"', open + 1);
    if (close == if_none_match.npos) return false;
    if (if_none_match.substr(open + 1, close - open - 1) == etag) return true;
    open = if_none_match.find('"', close + 1);
  }
  return false;
}

bool IsSame(std::string_view if_range, std::string_view etag, std::optional<absl::Time> modified) {
  if_range = Stripped(if_range);
  if (if_range.starts_with('"')) return !etag.empty() && if_range == Text("\"", etag, "\"");
  return modified && if_range == HttpDate(*modified);
}

std::string HttpDate(absl::Time time) {
  return absl::FormatTime("%a, %d %b %E4Y %H:%M:%S GMT", time, absl::UTCTimeZone());
}

}  // namespace chains::gateway
