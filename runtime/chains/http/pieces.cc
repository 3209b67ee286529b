#include "chains/http/pieces.h"

#include <utility>

#include "absl/strings/match.h"
#include "chains/core/text.h"

namespace chains::http {
namespace {

bool HasType(std::string_view content_type, std::string_view type) {
  return absl::StartsWithIgnoreCase(ToAbsl(content_type), ToAbsl(type));
}

bool IsLines(std::string_view type) {
  return HasType(type, "application/x-ndjson") || HasType(type, "application/ndjson") ||
         HasType(type, "application/jsonl") || HasType(type, "application/x-jsonlines");
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

Pieces::Pieces(std::string_view content_type, size_t most)
    : form_(HasType(content_type, "text/event-stream") ? Form::kEvents
            : IsLines(content_type)                    ? Form::kLines
                                                       : Form::kWhole),
      most_(most) {}

bool Pieces::Keep(std::string_view text) {
  too_large_ = too_large_ || text.size() > most_ - kept_.size();
  if (!too_large_) kept_ += text;
  return !too_large_;
}

std::optional<std::string> Pieces::Line(std::string_view line) {
  if (done_ || too_large_) return std::nullopt;
  switch (form_) {
    case Form::kLines:
      if (IsBlank(line) || !Keep(line)) return std::nullopt;
      return std::exchange(kept_, "");
    case Form::kWhole:
      // What a line end was is white space in JSON.
      if (!kept_.empty()) Keep("\n");
      Keep(line);
      return std::nullopt;
    case Form::kEvents:
      break;
  }
  if (line.empty()) return Event();
  const size_t colon = std::min(line.find(':'), line.size());
  const std::string_view field = line.substr(0, colon);
  std::string_view value = line.substr(std::min(colon + 1, line.size()));
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") event_ = value;
  if (field != "data") return std::nullopt;
  if (has_data_) Keep("\n");
  has_data_ = Keep(value);
  return std::nullopt;
}

std::optional<std::string> Pieces::Event() {
  const std::string name = std::exchange(event_, "");
  std::string data = std::exchange(kept_, "");
  if (!std::exchange(has_data_, false) || IsBlank(data)) return std::nullopt;
  if (name == "end" || data == "[DONE]") {
    done_ = true;
    return std::nullopt;
  }
  // A failure looks like the last line of NDJSON, whatever its event holds.
  if (name == "error" && !absl::StartsWith(data, "{\"error\"")) {
    data = Text("{\"error\":", data, "}");
  }
  return data;
}

std::optional<std::string> Pieces::End() {
  if (form_ != Form::kWhole || too_large_ || IsBlank(kept_)) return std::nullopt;
  return std::exchange(kept_, "");
}

}  // namespace chains::http
