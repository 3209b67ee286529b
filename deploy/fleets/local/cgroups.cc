#include "deploy/fleets/local/cgroups.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "absl/strings/str_split.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;

// What the kernel has for a CPU's share unless somebody says otherwise.
constexpr double kWeightOfACpu = 100;

absl::Status Failed(std::string_view what, const fs::path& path, int error) {
  return absl::FailedPreconditionError(
      Text("cannot ", what, " ", path.string(), ": ", strerror(error)));
}

// One write(2), as the kernel's files want it.
absl::Status Write(const fs::path& file, const std::string& text) {
  const int opened = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (opened < 0) return Failed("open", file, errno);
  const ssize_t written = ::write(opened, text.data(), text.size());
  const int error = errno;
  ::close(opened);
  return written == static_cast<ssize_t>(text.size()) ? absl::OkStatus()
                                                      : Failed("write to", file, error);
}

std::string Read(const fs::path& file) {
  std::ifstream opened(file);
  return {std::istreambuf_iterator<char>(opened), {}};
}

std::vector<std::string> LinesOf(const fs::path& file) { return absl::StrSplit(Read(file), '\n'); }

bool HasWord(const std::string& text, std::string_view word) {
  const std::vector<std::string> words = absl::StrSplit(text, absl::ByAnyChar(" \n"));
  return std::find(words.begin(), words.end(), word) != words.end();
}

absl::Status MakeFolder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST) return absl::OkStatus();
  return Failed("make", folder, errno);
}

std::string WeightOf(double cpus) {
  const double weight = std::round((cpus > 0 ? cpus : 1) * kWeightOfACpu);
  return Text(static_cast<int>(std::clamp(weight, 1.0, 10'000.0)));
}

}  // namespace

absl::StatusOr<fs::path> OwnCgroup(const fs::path& proc, const fs::path& mount) {
  constexpr std::string_view kVersion2 = "0::";
  std::error_code error;
  if (!fs::exists(mount / "cgroup.controllers", error)) {
    return absl::NotFoundError(Text("there is no cgroup v2 at ", mount.string()));
  }
  for (const std::string& line : LinesOf(proc)) {
    if (!line.starts_with(kVersion2)) continue;
    return mount / fs::path(line.substr(kVersion2.size())).relative_path();
  }
  return absl::NotFoundError(Text("no line of ", proc.string(), " names a cgroup v2"));
}

absl::StatusOr<Cgroups> Cgroups::Take(fs::path own) {
  const std::string controllers = Read(own / "cgroup.controllers");
  if (!HasWord(controllers, "memory")) {
    return absl::FailedPreconditionError(
        Text("the cgroup ", own.string(), " was not given the controller 'memory'"));
  }
  const fs::path platform = own / "platform";
  if (absl::Status made = MakeFolder(platform); !made.ok()) return made;
  absl::Status taken = Enter(platform, ::getpid());
  if (taken.ok()) {
    taken = Write(own / "cgroup.subtree_control",
                  HasWord(controllers, "cpu") ? "+memory +cpu" : "+memory");
  }
  if (taken.ok()) return Cgroups(std::move(own));
  Enter(own, ::getpid()).IgnoreError();  // it may never have left
  ::rmdir(platform.c_str());
  return taken;
}

absl::StatusOr<fs::path> Cgroups::Make(const std::string& name, const Limits& limits) {
  const fs::path group = own_ / name;
  if (absl::Status made = MakeFolder(group); !made.ok()) return made;
  absl::Status limited =
      Write(group / "memory.max", limits.memory_bytes > 0 ? Text(limits.memory_bytes) : "max");
  // Shares are only where the platform was given them.
  if (limited.ok() && ::access((group / "cpu.weight").c_str(), F_OK) == 0) {
    limited = Write(group / "cpu.weight", WeightOf(limits.cpus));
  }
  if (limited.ok()) return group;
  ::rmdir(group.c_str());
  return limited;
}

absl::Status Cgroups::Enter(const fs::path& group, int pid) {
  return Write(group / "cgroup.procs", Text(pid));
}

bool Cgroups::KilledForMemory(const fs::path& group) {
  constexpr std::string_view kKills = "oom_kill ";
  for (const std::string& line : LinesOf(group / "memory.events")) {
    if (line.starts_with(kKills)) return line.substr(kKills.size()) != "0";
  }
  return false;
}

void Cgroups::Remove(fs::path group) {
  Write(group / "cgroup.kill", "1").IgnoreError();  // older kernels than 5.14 have none
  ended_.push_back(std::move(group));
  std::erase_if(ended_,
                [](const fs::path& each) { return ::rmdir(each.c_str()) == 0 || errno == ENOENT; });
}

}  // namespace chains::deploy
