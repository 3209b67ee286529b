// The JSON texts of a streamed answer, from its lines: a text a line (NDJSON), server-sent events
// (WHATWG HTML, 9.2.6), or all of it one text.
//
//   Pieces pieces(content_type);
//   if (std::optional<std::string> json = pieces.Line(line)) …    // for each line
//   if (std::optional<std::string> json = pieces.End()) …
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace chains::http {

// Not thread-safe. It keeps what belongs to one text, as long as that is not larger than `most`.
class Pieces {
 public:
  explicit Pieces(std::string_view content_type, size_t most = size_t{101} << 20);

  // `line` without its end. What comes after done() is ignored: the server said that this was all,
  // by `data: [DONE]`, as some do, or by Chains' own event `end`.
  std::optional<std::string> Line(std::string_view line);
  // The rest.
  std::optional<std::string> End();

  bool done() const { return done_; }
  // One text is larger than it may be: nothing comes any more.
  bool too_large() const { return too_large_; }
  bool by_lines() const { return form_ != Form::kWhole; }

 private:
  enum class Form { kLines, kEvents, kWhole };

  bool Keep(std::string_view text);
  std::optional<std::string> Event();

  const Form form_;
  const size_t most_;
  std::string kept_;   // of one text
  std::string event_;  // its name
  bool has_data_ = false;
  bool done_ = false;
  bool too_large_ = false;
};

}  // namespace chains::http
