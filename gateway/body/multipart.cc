#include "gateway/body/multipart.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "chains/core/text.h"
#include "chains/json/json_reader.h"
#include "gateway/body/header_value.h"

namespace chains::gateway {
namespace {

constexpr std::string_view kLine = "\r\n";
constexpr size_t kMaxPadding = 64;   // blanks behind a boundary
constexpr size_t kMaxBoundary = 70;  // RFC 2046, 5.1.1
constexpr size_t kShownOfHeader = 200;

bool IsSpaceOrTab(char c) { return c == ' ' || c == '\t'; }

bool IsBoundary(std::string_view text) {
  const auto fits = [](char c) {
    return absl::ascii_isalnum(c) ||
           std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= kMaxBoundary && text.back() != ' ' &&
         std::all_of(text.begin(), text.end(), fits);
}

bool IsCalled(std::string_view text, std::string_view name) {
  return absl::EqualsIgnoreCase(ToAbsl(text), ToAbsl(name));
}

// Where in `text` a beginning of `delimiter` stands that may go on behind its end.
size_t OpenEnd(std::string_view text, std::string_view delimiter) {
  size_t at = text.size() - std::min(text.size(), delimiter.size() - 1);
  for (; at < text.size(); ++at) {
    at = std::min(text.find('\r', at), text.size());
    if (delimiter.starts_with(text.substr(at))) break;
  }
  return at;
}

}  // namespace

absl::StatusOr<std::string> MultipartParser::BoundaryOf(std::string_view content_type) {
  const absl::StatusOr<HeaderValue> type = ParseHeaderValue(content_type);
  if (!type.ok()) return type.status();
  const std::string* const boundary = type->Find("boundary");
  if (boundary == nullptr || !IsBoundary(*boundary)) {
    return absl::InvalidArgumentError(
        "multipart/form-data needs a boundary of 1 to 70 characters: boundary=…");
  }
  return *boundary;
}

MultipartParser::MultipartParser(std::string_view boundary, Limits limits)
    : delimiter_(Text("\r\n--", boundary)), limits_(limits) {}

void MultipartParser::Feed(std::string_view bytes) {
  buffer_.erase(0, std::exchange(taken_, 0));
  buffer_ += bytes;
}

MultipartParser::Event MultipartParser::Next() {
  data_ = {};
  for (;;) {
    if (const std::optional<Event> event = Step()) return *event;
  }
}

std::optional<MultipartParser::Event> MultipartParser::Step() {
  switch (state_) {
    case State::kStart:
      return Start();
    case State::kBoundary:
      return AfterBoundary();
    case State::kHead:
      return Head();
    case State::kData:
      return Data();
    case State::kAfter:
      return AfterLast();
    default:
      return Event::kProblem;
  }
}

// The first boundary stands at the very beginning, or on the second line.
std::optional<MultipartParser::Event> MultipartParser::Start() {
  std::string_view text = rest();
  const bool second = text.starts_with(kLine);
  const std::string_view wanted = second ? delimiter_ : std::string_view(delimiter_).substr(2);
  if (text.size() < wanted.size() && (wanted.starts_with(text) || kLine.starts_with(text))) {
    return NeedsMore();
  }
  if (!text.starts_with(wanted)) {
    return Refuse(Text("a body begins with its boundary, ", wanted.substr(second ? 2 : 0)));
  }
  taken_ += wanted.size();
  state_ = State::kBoundary;
  return std::nullopt;
}

// Two dashes, or blanks and the end of the line.
std::optional<MultipartParser::Event> MultipartParser::AfterBoundary() {
  const std::string_view text = rest();
  if (text.starts_with("--")) {
    taken_ += 2;
    state_ = State::kAfter;
    return std::nullopt;
  }
  const size_t blanks =
      static_cast<size_t>(std::find_if_not(text.begin(), text.end(), IsSpaceOrTab) - text.begin());
  const std::string_view end = text.substr(blanks);
  const bool open =
      kLine.starts_with(end) || (blanks == 0 && std::string_view("--").starts_with(end));
  if (blanks > kMaxPadding || (!end.starts_with(kLine) && !open)) {
    return Refuse("a line begins with the boundary, but goes on");
  }
  if (!end.starts_with(kLine)) return NeedsMore();
  if (++parts_ > limits_.max_parts) {
    return Refuse(Text("a body has at most ", limits_.max_parts, " parts"));
  }
  taken_ += blanks + kLine.size();
  state_ = State::kHead;
  return std::nullopt;
}

std::optional<MultipartParser::Event> MultipartParser::Head() {
  const std::string_view text = rest();
  const size_t end = text.starts_with(kLine) ? 0 : text.find("\r\n\r\n");
  constexpr size_t kOfItsEnd = 3;  // bytes that may have come already
  const bool open = end == std::string_view::npos;
  if (open ? text.size() > limits_.max_head_bytes + kOfItsEnd : end > limits_.max_head_bytes) {
    return Refuse(Text("the head of a part has at most ", limits_.max_head_bytes, " bytes"));
  }
  if (open) return NeedsMore();
  if (!ReadHead(text.substr(0, end))) return Event::kProblem;
  taken_ += end + (end == 0 ? 2 : 4);
  state_ = State::kData;
  return Event::kPart;
}

std::optional<MultipartParser::Event> MultipartParser::Data() {
  const std::string_view text = rest();
  const size_t found = text.find(delimiter_);
  const size_t end = found != text.npos ? found : OpenEnd(text, delimiter_);
  if (end > 0) {
    data_ = text.substr(0, end);
    taken_ += end;
    return Event::kData;
  }
  if (found == text.npos) return NeedsMore();
  taken_ += delimiter_.size();
  state_ = State::kBoundary;
  return Event::kPartEnd;
}

// Nothing, or the end of the line.
std::optional<MultipartParser::Event> MultipartParser::AfterLast() {
  const std::string_view text = rest();
  if (!kLine.starts_with(text)) return Refuse("something follows the last boundary");
  if (ended_) return text.size() == 1 ? Refuse("something follows the last boundary") : Event::kEnd;
  return Event::kMore;
}

MultipartParser::Event MultipartParser::NeedsMore() {
  if (!ended_) return Event::kMore;
  return Refuse(Text("the body ends before its last boundary, ",
                     std::string_view(delimiter_).substr(2), "--"));
}

MultipartParser::Event MultipartParser::Refuse(std::string_view why) {
  Bad(why);
  return Event::kProblem;
}

bool MultipartParser::Bad(std::string_view why) {
  const std::string where = parts_ == 0 ? std::string() : Text("part ", parts_, ": ");
  problem_ = absl::InvalidArgumentError(Text("multipart/form-data: ", where, why));
  state_ = State::kProblem;
  return false;
}

bool MultipartParser::ReadHead(std::string_view head) {
  part_ = Part();
  has_disposition_ = has_type_ = false;
  while (!head.empty()) {
    const size_t end = std::min(head.find(kLine), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + kLine.size(), head.size()));
    const size_t colon = line.find(':');
    if (IsSpaceOrTab(line.front()) || colon == line.npos || colon == 0 ||
        IsSpaceOrTab(line[colon - 1]) ||
        line.find_first_of(std::string_view("\r\n\0", 3)) != line.npos) {
      return Bad(Text("'", line.substr(0, kShownOfHeader), "' is not a header"));
    }
    const std::string_view value =
        ToStd(absl::StripAsciiWhitespace(ToAbsl(line.substr(colon + 1))));
    if (!ReadHeader(line.substr(0, colon), value)) return false;
  }
  return has_disposition_ || Bad(R"(it has no Content-Disposition: form-data; name="…")");
}

bool MultipartParser::ReadHeader(std::string_view name, std::string_view value) {
  if (IsCalled(name, "content-disposition")) return ReadDisposition(value);
  if (IsCalled(name, "content-type")) {
    const absl::StatusOr<HeaderValue> type = ParseHeaderValue(value);
    if (!type.ok()) return Bad(Text("Content-Type: ", MessageOf(type.status())));
    if (std::exchange(has_type_, true)) return Bad("Content-Type is there twice");
    if (type->value.starts_with("multipart/")) {
      return Bad("a part may not be made of parts; send each file as a part of its own");
    }
    part_.content_type = type->value;
  } else if (IsCalled(name, "content-transfer-encoding")) {
    const bool is_none =
        IsCalled(value, "binary") || IsCalled(value, "8bit") || IsCalled(value, "7bit");
    if (!is_none) return Bad("Content-Transfer-Encoding is not for HTTP; send bytes as they are");
  }
  return true;
}

bool MultipartParser::ReadDisposition(std::string_view value) {
  if (std::exchange(has_disposition_, true)) return Bad("Content-Disposition is there twice");
  const absl::StatusOr<HeaderValue> disposition = ParseHeaderValue(value);
  if (!disposition.ok()) {
    return Bad(Text("Content-Disposition: ", MessageOf(disposition.status())));
  }
  const std::string* const name = disposition->Find("name");
  if (disposition->value != "form-data" || name == nullptr || name->empty()) {
    return Bad(R"(its Content-Disposition is not: form-data; name="…")");
  }
  if (!json::IsUtf8(*name)) return Bad("its name is not UTF-8");
  part_.name = *name;
  if (const std::string* const file = disposition->Find("filename")) part_.file_name = *file;
  return true;
}

}  // namespace chains::gateway
