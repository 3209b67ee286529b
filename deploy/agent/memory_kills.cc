#include "deploy/agent/memory_kills.h"

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;

std::optional<int64_t> KillsIn(const fs::path& file) {
  std::ifstream opened(file);
  std::string name;
  int64_t count = 0;
  while (opened >> name >> count) {
    if (name == "oom_kill") return count;
  }
  return std::nullopt;
}

// Lines are "4:memory,cpu:/path", and "0::/path" of version 2.
std::vector<fs::path> FilesOf(const fs::path& proc, const fs::path& mount) {
  std::vector<fs::path> files;
  std::ifstream opened(proc);
  std::string line;
  while (std::getline(opened, line)) {
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    const fs::path group = fs::path(parts[2]).relative_path();
    const std::vector<std::string> controllers = absl::StrSplit(parts[1], ',');
    if (parts[1].empty()) files.push_back(mount / group / "memory.events");
    if (absl::c_linear_search(controllers, "memory")) {
      files.push_back(mount / "memory" / group / "memory.oom_control");
    }
  }
  // In a container the path may be the host's, while the mount is the container's own.
  files.push_back(mount / "memory.events");
  files.push_back(mount / "memory" / "memory.oom_control");
  return files;
}

}  // namespace

int64_t MemoryKills(const fs::path& proc, const fs::path& mount) {
  for (const fs::path& file : FilesOf(proc, mount)) {
    if (const std::optional<int64_t> kills = KillsIn(file)) return *kills;
  }
  return 0;
}

}  // namespace chains::deploy
