#include "deploy/logs/last_lines.h"

#include <algorithm>
#include <deque>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>

#include "chains/core/text.h"
#include "deploy/logs/descriptor.h"
#include "deploy/logs/log_line.h"
#include "deploy/logs/split_lines.h"

namespace chains::deploy {
namespace {

constexpr off_t kLookAt = 64 * 1024;
// How a stack is written, the innermost frame first.
constexpr std::string_view kFrame = "    @ ";
constexpr int kMostFrames = 8;

std::string TailOf(const std::filesystem::path& file) {
  const Descriptor output(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat found {};
  if (!output.ok() || fstat(*output, &found) != 0) return "";
  std::string bytes(static_cast<size_t>(std::min(found.st_size, kLookAt)), '\0');
  const off_t begin = found.st_size - static_cast<off_t>(bytes.size());
  const ssize_t size = pread(*output, bytes.data(), bytes.size(), begin);
  bytes.resize(size > 0 ? static_cast<size_t>(size) : 0);
  // What was given back to the disk reads as zeros.
  bytes.erase(0, bytes.find_first_not_of('\0'));
  const size_t whole = begin > 0 ? bytes.find('\n') : std::string::npos;
  return whole == std::string::npos ? bytes : bytes.substr(whole + 1);
}

}  // namespace

std::vector<std::string> LastLines(const std::filesystem::path& output, size_t count) {
  return LastLinesOf(TailOf(output), count);
}

std::vector<std::string> LastLinesOf(std::string_view bytes, size_t count) {
  const std::string whole = Text(bytes, "\n");
  std::deque<std::string> last;
  int frames = 0;
  LineSplit split;
  SplitLines(whole, split, [&](std::string_view text) {
    frames = text.starts_with(kFrame) ? frames + 1 : 0;
    if (frames > kMostFrames) return;
    last.push_back(FromOutput(text, absl::UnixEpoch()).message());
    if (last.size() > count) last.pop_front();
  });
  return {last.begin(), last.end()};
}

}  // namespace chains::deploy
