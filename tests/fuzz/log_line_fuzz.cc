// Any output of a process, in pieces of any size: it is taken the same way, and every line is kept
// as it was understood.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/util/message_differencer.h>

#include "chains/json/json_reader.h"
#include "deploy/logs/log_line.h"
#include "deploy/logs/split_lines.h"

namespace chains::deploy {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

// The lines of `bytes`, of which never more than `piece` are new.
std::vector<std::string> LinesOf(std::string_view bytes, size_t piece) {
  std::vector<std::string> lines;
  LineSplit split;
  std::string waiting;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    waiting += bytes.substr(at, piece);
    waiting.erase(
        0, SplitLines(waiting, split, [&](std::string_view line) { lines.emplace_back(line); }));
  }
  return lines;
}

void Try(std::string_view bytes) {
  const std::vector<std::string> lines = LinesOf(bytes, bytes.size() + 1);
  Check(LinesOf(bytes, 1 + bytes.size() / 3) == lines);
  for (const std::string& text : lines) {
    const v1::LogLine line = FromOutput(text, absl::FromUnixMillis(7));
    Check(line.unix_ms() > 0 && json::IsUtf8(line.message()));
    Check(line.message().size() < kMostMessageBytes + 100);
    const std::string kept = ToJson(line);
    Check(kept.find('\n') == kept.size() - 1);
    const auto back = FromJson(kept);
    Check(back && google::protobuf::util::MessageDifferencer::Equals(*back, line));
    Check(line.fields().size() <= static_cast<size_t>(kMostFields));
  }
}

}  // namespace
}  // namespace chains::deploy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chains::deploy::Try({reinterpret_cast<const char*>(data), size});
  return 0;
}
