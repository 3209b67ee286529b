#include "deploy/agent/process_starter.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "deploy/agent/memory_kills.h"
#include "deploy/agent/spawn.h"
#include "deploy/fleets/local/run_folder.h"

namespace chains::deploy {
namespace {

// The agent ends it when the platform says so. A program that has lost its platform goes on: those
// that call it know where it is.
constexpr char kPlatformTimeout[] = "8760h";
// What is read at once before others on the loop have their turn.
constexpr int kReadsAtOnce = 8;
constexpr size_t kReadBytes = size_t{64} << 10;

RunFolder FolderOf(const std::filesystem::path& run, const std::string& deployment,
                   const v1::ReplicaOrder& order) {
  return RunFolder(run, deployment, order.replica());
}

std::map<std::string, std::string> OwnEnvironment() {
  std::map<std::string, std::string> all;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string text = *each;
    const size_t equals = text.find('=');
    if (equals != text.npos && equals > 0) all[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return all;
}

}  // namespace

class ProcessStarter::Child final : public Program {
 public:
  Child(ProcessStarter& starter, Spawned spawned, Hooks hooks)
      : starter_(starter),
        process_(std::move(spawned.process)),
        output_(std::move(spawned.output)),
        hooks_(std::move(hooks)),
        memory_kills_(MemoryKills()) {
    starter_.own_.insert(pid());
    starter_.poller_.Watch(process_.handle(), FdPoller::kReadable, [this] { Ended(); });
    Read();
  }
  ~Child() override {
    if (starter_.reads_ == this) starter_.reads_ = nullptr;
    if (ended_) return;
    process_.Signal(SIGKILL);
    Close();
    process_.HowItEnded();
  }

  int pid() const override { return process_.pid(); }
  void Signal(int signal) override {
    if (!ended_) process_.Signal(signal);
  }
  // There is room for more of its output.
  void Read() {
    starter_.poller_.Watch(output_.get(), FdPoller::kReadable, [this] { Readable(); });
  }

 private:
  void Readable() {
    bool more = true;
    for (int i = 0; i < kReadsAtOnce && more && !starter_.copy_.full(); ++i) more = ReadPiece();
    if (!more || !starter_.copy_.full()) return;
    starter_.poller_.Forget(output_.get());
    starter_.reads_ = this;
  }
  // False: there is no more, now or ever.
  bool ReadPiece() {
    std::array<char, kReadBytes> buffer;
    const ssize_t count = ::read(output_.get(), buffer.data(), buffer.size());
    if (count < 0) return errno == EINTR;
    if (count == 0) {
      starter_.poller_.Forget(output_.get());
      return false;
    }
    const std::string_view data(buffer.data(), static_cast<size_t>(count));
    starter_.copy_.Write(data);
    hooks_.on_output(data);
    return true;
  }
  void Ended() {
    std::string how = process_.HowItEnded();
    ended_ = true;
    // What it started and left behind has been ended, so this comes to an end.
    while (ReadPiece()) {
    }
    Close();
    starter_.Reap();
    if (MemoryKills() > memory_kills_) {
      how += ": its pod used up its memory; raise Resources{.memory}";
    }
    const std::function<void(std::string)> on_end = std::move(hooks_.on_end);
    on_end(std::move(how));
  }
  void Close() {
    starter_.own_.erase(pid());
    starter_.poller_.Forget(process_.handle());
    starter_.poller_.Forget(output_.get());
  }

  ProcessStarter& starter_;
  const Process process_;
  const FileDescriptor output_;
  Hooks hooks_;
  const int64_t memory_kills_;
  bool ended_ = false;
};

ProcessStarter::ProcessStarter(Options options, FdPoller& poller)
    : options_(std::move(options)), poller_(poller), copy_(poller, options_.copy_to) {
  copy_.WhenRoom([this] {
    if (Child* const waits = std::exchange(reads_, nullptr)) waits->Read();
  });
}

absl::Status ProcessStarter::Prepare(const v1::ReplicaOrder& order) {
  ReplicaSpec spec;
  spec.deployment = options_.deployment;
  spec.name = order.replica();
  spec.chain = order.chain();
  spec.unit = order.unit();
  spec.revision = order.revision();
  spec.bundle = order.bundle();
  spec.chainlets.assign(order.chainlets().begin(), order.chainlets().end());
  for (const auto& [name, value] : order.secrets()) spec.secrets[name] = value;
  return FolderOf(options_.run, options_.deployment, order).Make(spec);
}

void ProcessStarter::Forget(const v1::ReplicaOrder& order) {
  FolderOf(options_.run, options_.deployment, order).Remove();
}

std::vector<std::string> ProcessStarter::ArgumentsOf(const v1::ReplicaOrder& order,
                                                     const std::string& folder) const {
  const RunFolder run = FolderOf(options_.run, options_.deployment, order);
  std::vector<std::string> arguments = {"serve",
                                        "--chainlets",
                                        absl::StrJoin(order.chainlets(), ","),
                                        "--listen",
                                        options_.listen,
                                        "--health-listen",
                                        options_.health_listen,
                                        "--replica",
                                        order.replica(),
                                        "--deployment",
                                        options_.deployment,
                                        "--platform",
                                        options_.platform,
                                        "--platform-timeout",
                                        kPlatformTimeout,
                                        "--token-file",
                                        options_.token_file,
                                        "--run-dir",
                                        run.path().string(),
                                        "--drain-timeout",
                                        absl::FormatDuration(options_.drain)};
  if (!options_.platform_roots.empty()) {
    arguments.insert(arguments.end(),
                     {"--platform-roots", options_.platform_roots, "--identity", run.identity()});
  }
  if (!order.environment().empty()) {
    arguments.insert(arguments.end(), {"--environment", order.environment()});
  }
  for (const auto& [name, value] : order.secrets()) {
    arguments.insert(arguments.end(), {"--secret", Text(name, "=", run.secret(name))});
  }
  for (const std::string& name : order.assets()) {
    arguments.insert(arguments.end(), {"--asset", Text(name, "=", folder, "/assets/", name)});
  }
  return arguments;
}

absl::StatusOr<std::unique_ptr<Program>> ProcessStarter::Start(const v1::ReplicaOrder& order,
                                                               const BundleFetcher::Fetched& bundle,
                                                               Hooks hooks) {
  Launch launch;
  launch.program = Text(bundle.folder, "/", order.program());
  launch.arguments = ArgumentsOf(order, bundle.folder);
  launch.environment = OwnEnvironment();
  launch.folder = FolderOf(options_.run, options_.deployment, order).path();
  absl::StatusOr<Spawned> spawned = Spawn(launch);
  if (!spawned.ok()) return spawned.status();
  return std::make_unique<Child>(*this, *std::move(spawned), std::move(hooks));
}

void ProcessStarter::Reap() const {
  while (true) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
    if (own_.contains(info.si_pid)) return;  // its end is seen by its handle, and this done again
    ::waitpid(info.si_pid, nullptr, WNOHANG);
  }
}

}  // namespace chains::deploy
