// Ranges and conditions of requests for files (RFC 9110, 13 and 14). Pure.
//
//   std::optional<ByteRange> range = ParseRange("bytes=100-");
//   std::optional<ByteSpan> span = SpanOf(*range, size);      // nullopt: 416
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace chains::gateway {

// "100-199", "100-", or "-500": the last 500.
struct ByteRange {
  std::optional<uint64_t> first;
  std::optional<uint64_t> last;  // without `first`, how many
};

// Of a file, both included.
struct ByteSpan {
  uint64_t first;
  uint64_t last;
  uint64_t size() const { return last - first + 1; }
};

// nullopt where it is to be answered with the whole: several ranges, another unit, nonsense.
std::optional<ByteRange> ParseRange(std::string_view header);
// Which bytes these are of so many; nullopt: none.
std::optional<ByteSpan> SpanOf(const ByteRange& range, uint64_t size);

// Whether an If-None-Match lists `etag`, which is without quotes; weak tags match as well.
bool ListsEtag(std::string_view if_none_match, std::string_view etag);

// Whether an If-Range means these bytes: the tag, not weak, or the very time.
bool IsSame(std::string_view if_range, std::string_view etag, std::optional<absl::Time> modified);

// "Thu, 26 Nov 2026 13:00:00 GMT"
std::string HttpDate(absl::Time time);

}  // namespace chains::gateway
