#include "gateway/body/lines.h"

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr size_t kKept = 64 << 10;  // of a buffer that is empty

bool IsBlank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

std::string_view WithoutReturn(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

void LineSplitter::Add(std::string_view piece) {
  text_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  if (text_.empty() && text_.capacity() > kKept) std::string().swap(text_);
  text_.append(piece);
}

absl::StatusOr<std::optional<std::string_view>> LineSplitter::Next() {
  while (true) {
    const size_t end = text_.find('\n', scanned_);
    if (end == std::string::npos) {
      const std::string_view rest = std::string_view(text_).substr(begin_);
      scanned_ = text_.size();
      if (WithoutReturn(rest).size() > max_line_bytes_) return TooLong(line_ + 1);
      return std::nullopt;
    }
    const std::string_view line =
        WithoutReturn(std::string_view(text_).substr(begin_, end - begin_));
    ++line_;
    begin_ = scanned_ = end + 1;
    if (line.size() > max_line_bytes_) return TooLong(line_);
    if (!IsBlank(line)) return line;
  }
}

absl::StatusOr<std::optional<std::string_view>> LineSplitter::Last() {
  const std::string_view line = WithoutReturn(std::string_view(text_).substr(begin_));
  begin_ = scanned_ = text_.size();
  if (IsBlank(line)) return std::nullopt;
  ++line_;
  return line;
}

std::string LineSplitter::Where() const { return Text("line ", line_); }

absl::Status LineSplitter::TooLong(size_t line) const {
  return absl::ResourceExhaustedError(
      Text("line ", line, " of the body is longer than ", max_line_bytes_, " bytes"));
}

}  // namespace chains::gateway
