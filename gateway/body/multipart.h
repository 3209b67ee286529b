// MultipartParser: the parts of a multipart/form-data body (RFC 7578), as its bytes come. Pure: it
// knows no socket, and holds what it was fed last, the head of one part at most, and no more.
//
//   auto boundary = MultipartParser::BoundaryOf(content_type);
//   MultipartParser parser(*boundary);
//   for (;;) {
//     switch (parser.Next()) {
//       case MultipartParser::Event::kMore: …     // parser.Feed(bytes), or at the end parser.End()
//       case MultipartParser::Event::kPart: …     // parser.part() begins
//       case MultipartParser::Event::kData: …     // parser.data() of it
//       case MultipartParser::Event::kPartEnd: …
//       case MultipartParser::Event::kEnd: …      // the body is whole
//       case MultipartParser::Event::kProblem: …  // parser.problem()
//     }
//   }
//
// What two readers could understand in two ways is refused: text before the first part or behind
// the last, lines that begin with the boundary and go on, folded or doubled headers, transfer
// encodings, parts that are made of parts.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chains::gateway {

class MultipartParser {
 public:
  struct Limits {
    size_t max_parts = 1000;
    size_t max_head_bytes = 8 << 10;  // of each part's headers
  };
  struct Part {
    std::string name;
    std::optional<std::string> file_name = std::nullopt;  // as it came: never a path to open
    std::string content_type = {};                        // in lower case, without parameters
  };
  enum class Event { kMore, kPart, kData, kPartEnd, kEnd, kProblem };

  // INVALID_ARGUMENT where `content_type` names no boundary, or none that RFC 2046 allows.
  static absl::StatusOr<std::string> BoundaryOf(std::string_view content_type);

  explicit MultipartParser(std::string_view boundary) : MultipartParser(boundary, Limits()) {}
  MultipartParser(std::string_view boundary, Limits limits);

  // More of the body; after kMore only.
  void Feed(std::string_view bytes);
  // The body has ended: Next() answers kEnd, or that it was cut off.
  void End() { ended_ = true; }

  // kEnd and kProblem stay.
  Event Next();

  const Part& part() const { return part_; }
  // Of kData, until the next call.
  std::string_view data() const { return data_; }
  // INVALID_ARGUMENT.
  const absl::Status& problem() const { return problem_; }

 private:
  enum class State { kStart, kBoundary, kHead, kData, kAfter, kProblem };

  std::string_view rest() const { return std::string_view(buffer_).substr(taken_); }
  std::optional<Event> Step();
  std::optional<Event> Start();
  std::optional<Event> AfterBoundary();
  std::optional<Event> Head();
  std::optional<Event> Data();
  std::optional<Event> AfterLast();
  Event NeedsMore();
  Event Refuse(std::string_view why);
  bool ReadHead(std::string_view head);
  bool ReadHeader(std::string_view name, std::string_view value);
  bool ReadDisposition(std::string_view value);
  bool Bad(std::string_view why);

  const std::string delimiter_;  // CRLF, two dashes, the boundary
  const Limits limits_;
  State state_ = State::kStart;
  bool ended_ = false;
  std::string buffer_;
  size_t taken_ = 0;  // of it
  size_t parts_ = 0;
  Part part_;
  bool has_disposition_ = false;
  bool has_type_ = false;
  std::string_view data_;
  absl::Status problem_;
};

}  // namespace chains::gateway
