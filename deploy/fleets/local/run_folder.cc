#include "deploy/fleets/local/run_folder.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "chains/core/text.h"
#include "deploy/state/state.pb.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;

absl::Status Cannot(std::string_view what, const fs::path& path, int error) {
  return absl::InternalError(Text("cannot ", what, " ", path.string(), ": ", strerror(error)));
}

// On the disk when it returns.
absl::Status WriteFile(const fs::path& path, const std::string& content) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return Cannot("make", path, errno);
  size_t written = 0;
  while (written < content.size()) {
    const ssize_t more = ::write(file, content.data() + written, content.size() - written);
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) {
      const int error = errno;
      ::close(file);
      return Cannot("write", path, error);
    }
    written += static_cast<size_t>(more);
  }
  const int synced = ::fsync(file);
  const int error = errno;
  ::close(file);
  return synced == 0 ? absl::OkStatus() : Cannot("write", path, error);
}

absl::Status MakePrivateFolder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Cannot("make the folder", path, error.value());
  if (::chmod(path.c_str(), 0700) != 0) return Cannot("restrict the folder", path, errno);
  return absl::OkStatus();
}

state::ReplicaIntent IntentOf(const ReplicaSpec& spec) {
  state::ReplicaIntent intent;
  intent.set_deployment(spec.deployment);
  intent.set_chain(spec.chain);
  intent.set_name(spec.name);
  intent.set_unit(spec.unit);
  intent.set_bundle(spec.bundle);
  intent.set_revision(spec.revision);
  intent.mutable_chainlets()->Assign(spec.chainlets.begin(), spec.chainlets.end());
  intent.mutable_gpus()->Assign(spec.gpus.begin(), spec.gpus.end());
  intent.set_cpus(spec.resources.cpus());
  return intent;
}

// A folder that is not there has none. Loops over iterators would throw.
absl::StatusOr<std::vector<fs::path>> FoldersIn(const fs::path& folder) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator each(folder, error), end; !error && each != end;
       each.increment(error)) {
    std::error_code gone;
    if (each->is_directory(gone)) folders.push_back(each->path());
  }
  if (!error || error == std::errc::no_such_file_or_directory) return folders;
  return Cannot("read the folder", folder, error.value());
}

bool ReadIntent(const fs::path& folder, state::ReplicaIntent& intent) {
  std::ifstream file(folder / "intent", std::ios::binary);
  return file && intent.ParseFromIstream(&file) && !intent.name().empty();
}

// Ends who would start too late: nobody can take the lock of a folder that is being removed.
class HeldLock {
 public:
  explicit HeldLock(const fs::path& file)
      : file_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)),
        held_(file_ >= 0 && ::flock(file_, LOCK_EX | LOCK_NB) == 0) {}
  HeldLock(const HeldLock&) = delete;
  ~HeldLock() {
    if (file_ >= 0) ::close(file_);
  }
  bool held() const { return held_; }

 private:
  const int file_;
  const bool held_;
};

}  // namespace

RunFolder::RunFolder(const fs::path& root, const std::string& deployment, const std::string& name)
    : path_(root / deployment / name.substr(name.rfind('-') + 1)) {}

absl::Status RunFolder::Make(const ReplicaSpec& spec) const {
  if (socket().size() >= sizeof(sockaddr_un::sun_path)) {
    return absl::InvalidArgumentError(
        Text("the socket's path ", socket(), " has ", socket().size(), " characters, and at most ",
             sizeof(sockaddr_un::sun_path) - 1, " are possible; use a shorter --home"));
  }
  if (absl::Status made = MakePrivateFolder(path_ / "secrets"); !made.ok()) return made;
  if (absl::Status made = MakePrivateFolder(path_.parent_path()); !made.ok()) return made;
  if (absl::Status made = MakePrivateFolder(path_); !made.ok()) return made;
  for (const auto& [name, value] : spec.secrets) {
    if (absl::Status written = WriteFile(secret(name), value); !written.ok()) return written;
  }
  if (absl::Status written = WriteFile(token(), spec.token); !written.ok()) return written;
  return WriteFile(path_ / "intent", IntentOf(spec).SerializeAsString());
}

// What is left when this fails is removed when the platform starts again.
void RunFolder::Remove() const {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  fs::remove(path_.parent_path(), ignored);  // unless others are in it
}

int LockHolder(const std::string& lock_file) {
  const int file = ::open(lock_file.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  int pid = 0;
  if (::flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    char text[32] = {};
    if (::pread(file, text, sizeof(text) - 1, 0) > 0) pid = std::atoi(text);
  }
  ::close(file);
  return pid;
}

absl::StatusOr<std::vector<FoundReplica>> FindReplicas(const fs::path& root) {
  std::vector<FoundReplica> found;
  absl::StatusOr<std::vector<fs::path>> deployments = FoldersIn(root);
  if (!deployments.ok()) return deployments.status();
  std::vector<fs::path> folders;
  for (const fs::path& deployment : *deployments) {
    absl::StatusOr<std::vector<fs::path>> replicas = FoldersIn(deployment);
    if (!replicas.ok()) return replicas.status();
    folders.insert(folders.end(), replicas->begin(), replicas->end());
  }
  std::error_code error;
  for (const fs::path& folder : folders) {
    state::ReplicaIntent intent;
    const int pid = LockHolder(folder / "lock");
    if (pid > 0 && ReadIntent(folder, intent)) {
      found.push_back({.deployment = intent.deployment(),
                       .chain = intent.chain(),
                       .name = intent.name(),
                       .unit = intent.unit(),
                       .revision = intent.revision(),
                       .chainlets = {intent.chainlets().begin(), intent.chainlets().end()},
                       .pid = pid,
                       .gpus = {intent.gpus().begin(), intent.gpus().end()},
                       .cpus = intent.cpus(),
                       .bundle = intent.bundle()});
      continue;
    }
    const HeldLock lock(folder / "lock");
    if (!lock.held()) continue;  // it took it just now; it will be told to leave when it attaches
    fs::remove_all(folder, error);
    fs::remove(folder.parent_path(), error);
  }
  return found;
}

}  // namespace chains::deploy
