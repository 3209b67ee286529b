#include "deploy/platform/output_files.h"

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;

// Names come with objects of the cluster, which others may have edited.
bool IsPlain(const std::string& name) {
  return !name.empty() && name.size() <= 120 && name.front() != '.' &&
         name.find('/') == std::string::npos && name.find('\0') == std::string::npos;
}

// What the disk has no room for is lost, as a terminal that is closed loses it.
void AppendTo(const fs::path& file, std::string_view data) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return;
  while (!data.empty()) {
    const ssize_t written = ::write(descriptor, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    data.remove_prefix(static_cast<size_t>(written));
  }
  ::close(descriptor);
}

}  // namespace

OutputFiles::OutputFiles(fs::path folder, LogKeeper& logs, const std::vector<FoundReplica>& running)
    : folder_(std::move(folder)), logs_(logs) {
  std::error_code error;
  fs::create_directories(folder_, error);
  std::set<fs::path> kept;
  for (const FoundReplica& each : running) kept.insert(FileOf(each.deployment, each.name));
  std::vector<fs::path> left;
  for (fs::directory_iterator each(folder_, error), end; !error && each != end;
       each.increment(error)) {
    if (!kept.contains(each->path())) left.push_back(each->path());
  }
  for (const fs::path& file : left) fs::remove_all(file, error);
}

fs::path OutputFiles::FileOf(const std::string& deployment, const std::string& name) const {
  if (!IsPlain(deployment) || !IsPlain(name)) return {};
  return folder_ / Text(deployment, ".", name);
}

void OutputFiles::Append(const FoundReplica& replica, std::string_view data) {
  const fs::path file = FileOf(replica.deployment, replica.name);
  if (file.empty()) return;
  if (followed_.insert(file).second) {
    const LogKeeper::Source source{.chain = replica.chain,
                                   .deployment = replica.deployment,
                                   .chainlet = absl::StrJoin(replica.chainlets, "+"),
                                   .replica = replica.name};
    logs_.Follow(file, source).IgnoreError();  // LogKeeper::problem() tells
  }
  AppendTo(file, data);
}

void OutputFiles::End(const std::string& deployment, const std::string& name) {
  const fs::path file = FileOf(deployment, name);
  if (file.empty() || followed_.erase(file) == 0) return;
  logs_.Unfollow(file).IgnoreError();
  std::error_code error;
  fs::remove(file, error);
}

}  // namespace chains::deploy
