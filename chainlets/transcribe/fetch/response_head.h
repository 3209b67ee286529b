// ResponseHead: what a server says before a body, as far as fetching a file needs it.
//
//   ResponseHead head;
//   for (std::string_view line : lines) head.AddLine(line);   // as they come, ends of line
//   included
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace transcribe {

// Bytes first … last, both included, of a file of `size`: first ≤ last < size.
struct ContentRange {
  uint64_t first = 0;
  uint64_t last = 0;
  uint64_t size = 0;

  uint64_t count() const { return last - first + 1; }
  friend bool operator==(const ContentRange&, const ContentRange&) = default;
};

// Of the header's value, "bytes 0-99/1000" (RFC 9110, 14.4). nullopt for another unit, for numbers
// that contradict each other, and where the size is not told.
std::optional<ContentRange> ParseContentRange(std::string_view value);

class ResponseHead {
 public:
  // A status line forgets what was there: it begins another response. What is not understood is
  // left out.
  void AddLine(std::string_view line);

  int status() const { return status_; }
  bool is_redirect() const;
  const std::optional<ContentRange>& range() const { return range_; }
  const std::optional<uint64_t>& length() const { return length_; }
  // The size in "bytes */1000", which is how a range is refused.
  const std::optional<uint64_t>& unsatisfied_size() const { return unsatisfied_size_; }
  const std::string& location() const { return location_; }
  // An ETag, else the date of the last change, else empty.
  const std::string& version() const { return etag_.empty() ? last_modified_ : etag_; }

 private:
  void AddField(std::string_view name, std::string_view value);

  int status_ = 0;
  std::optional<ContentRange> range_;
  std::optional<uint64_t> length_;
  std::optional<uint64_t> unsatisfied_size_;
  std::string location_;
  std::string etag_;
  std::string last_modified_;
};

}  // namespace transcribe
