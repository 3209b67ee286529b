// LineSplitter: a text that comes in pieces, line by line, as NDJSON has a value on each.
//
//   LineSplitter lines(max_line_bytes);
//   lines.Add(piece);
//   while (std::optional<std::string_view> line = co_await lines.Next()) Use(*line);
//   …and once no piece follows:
//   if (std::optional<std::string_view> line = co_await lines.Last()) Use(*line);
//
// Lines end with "\n" or "\r\n"; the last one may do without. Blank lines are left out. It holds no
// more than one line of the allowed length and the last piece. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace chains::gateway {

class LineSplitter {
 public:
  explicit LineSplitter(size_t max_line_bytes) : max_line_bytes_(max_line_bytes) {}

  // Once Next() wants more. What it answered before is valid no more.
  void Add(std::string_view piece);
  // The next line that is whole, without its end; nullopt: it wants another piece.
  // RESOURCE_EXHAUSTED, naming the line: it is too long.
  absl::StatusOr<std::optional<std::string_view>> Next();
  // What is left when there is no other piece, if it is a line; after Next() answered nullopt.
  absl::StatusOr<std::optional<std::string_view>> Last();

  // "line 3": the one that was answered last, counted from 1, blank ones included.
  std::string Where() const;
  size_t bytes_held() const { return text_.capacity(); }

 private:
  absl::Status TooLong(size_t line) const;

  const size_t max_line_bytes_;
  std::string text_;
  size_t begin_ = 0;    // of the line that is next
  size_t scanned_ = 0;  // up to here there is no end of it
  size_t line_ = 0;     // the last one's number
};

}  // namespace chains::gateway
