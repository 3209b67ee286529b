#include "deploy/logs/split_lines.h"

namespace chains::deploy {

size_t SplitLines(std::string_view bytes, LineSplit& split,
                  absl::FunctionRef<void(std::string_view line)> line) {
  size_t at = 0;
  while (at < bytes.size()) {
    const size_t end = bytes.find('\n', at);
    std::string_view text = bytes.substr(at, end == std::string_view::npos ? end : end - at);
    const bool ended = end != std::string_view::npos;
    if (split.leaving_out) {
      split.leaving_out = !ended;
      at += text.size() + (ended ? 1 : 0);
      continue;
    }
    if (text.size() > kMostLineBytes) {
      line(text.substr(0, kMostLineBytes));
      at += kMostLineBytes;
      split.leaving_out = true;
      continue;
    }
    if (!ended) break;
    at = end + 1;
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (!text.empty()) line(text);
  }
  return at;
}

}  // namespace chains::deploy
