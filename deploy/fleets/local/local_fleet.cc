#include "deploy/fleets/local/local_fleet.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "deploy/fleets/local/run_folder.h"

namespace chains::deploy {
namespace {

constexpr int64_t kLongestWaitMs = 3'600'000;

std::vector<std::string> ArgumentsOf(const ReplicaSpec& spec, const RunFolder& folder,
                                     const std::vector<std::string>& flags) {
  std::vector<std::string> arguments = {"serve",
                                        "--chainlets",
                                        absl::StrJoin(spec.chainlets, ","),
                                        "--listen",
                                        Text("unix:", folder.socket()),
                                        "--replica",
                                        spec.name,
                                        "--deployment",
                                        spec.deployment,
                                        "--platform",
                                        spec.platform,
                                        "--token-file",
                                        folder.token(),
                                        "--run-dir",
                                        folder.path().string()};
  if (spec.mtls) arguments.insert(arguments.end(), {"--identity", folder.identity()});
  if (!spec.environment.empty()) {
    arguments.insert(arguments.end(), {"--environment", spec.environment});
  }
  for (const auto& [name, value] : spec.secrets) {
    arguments.insert(arguments.end(), {"--secret", Text(name, "=", folder.secret(name))});
  }
  for (const auto& [name, path] : spec.assets) {
    arguments.insert(arguments.end(), {"--asset", Text(name, "=", path)});
  }
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  return arguments;
}

// Little of the platform's own: what a library needs to find its way, and which GPUs there are.
std::map<std::string, std::string> EnvironmentOf(const ReplicaSpec& spec) {
  std::map<std::string, std::string> environment;
  for (const char* name : {"PATH", "HOME", "LANG", "TZ", "TMPDIR", "CHAINS_HARDENING"}) {
    if (const char* value = std::getenv(name)) environment[name] = value;
  }
  environment["CUDA_VISIBLE_DEVICES"] = absl::StrJoin(spec.gpus, ",");
  return environment;
}

}  // namespace

LocalFleet::LocalFleet(std::filesystem::path root, Hooks hooks, ReplicaLimits::Means limits,
                       std::vector<std::string> flags)
    : root_(std::move(root)),
      hooks_(std::move(hooks)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      flags_(std::move(flags)),
      limits_(std::move(limits)),
      thread_([this] { Run(); }) {}

LocalFleet::~LocalFleet() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  eventfd_write(wake_, 1);
  thread_.join();
  ::close(wake_);
}

void LocalFleet::Do(absl::AnyInvocable<void()> work) {
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
  }
  eventfd_write(wake_, 1);
}

absl::StatusOr<std::vector<FoundReplica>> LocalFleet::Find() {
  absl::StatusOr<std::vector<FoundReplica>> found = FindReplicas(root_);
  if (!found.ok()) return found;
  for (const FoundReplica& replica : *found) {
    absl::StatusOr<Process> process = Process::Adopt(replica.pid);
    const Key key(replica.deployment, replica.name);
    // Whoever holds the lock after its number was pinned is that process, and no later one.
    const RunFolder folder(root_, replica.deployment, replica.name);
    if (!process.ok() || LockHolder(folder.lock()) != replica.pid) {
      Report({.deployment = key.first, .name = key.second, .asked = false, .how = "ended"});
      continue;
    }
    hooks_.output_begins(replica, folder.output());
    Do([this, key, replica, adopted = std::make_unique<Process>(*std::move(process))]() mutable {
      limits_.Adopt(replica);
      running_.emplace(key, Running{.process = std::move(*adopted)});
    });
  }
  return found;
}

void LocalFleet::Start(ReplicaSpec spec) {
  Do([this, spec = std::move(spec)]() mutable {
    StartNow(spec);
    for (auto& [secret, value] : spec.secrets) explicit_bzero(value.data(), value.size());
  });
}

void LocalFleet::Stop(const std::string& deployment, const std::string& name,
                      absl::Duration patience) {
  Do([this, key = Key(deployment, name), patience] { StopNow(key, patience); });
}

void LocalFleet::Forget(const std::string& deployment, const std::string& name) {
  Do([this, deployment, name] { RunFolder(root_, deployment, name).Remove(); });
}

void LocalFleet::Run() {
  while (true) {
    RunQueued();
    {
      std::lock_guard lock(mutex_);
      if (stopping_ && queue_.empty()) return;
    }
    Await();
  }
}

void LocalFleet::RunQueued() {
  eventfd_t ignored = 0;
  eventfd_read(wake_, &ignored);
  std::deque<absl::AnyInvocable<void()>> queue;
  {
    std::lock_guard lock(mutex_);
    queue.swap(queue_);
  }
  for (absl::AnyInvocable<void()>& work : queue) work();
}

void LocalFleet::Await() {
  std::vector<pollfd> waits = {{.fd = wake_, .events = POLLIN, .revents = 0}};
  std::vector<Key> keys;
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [key, running] : running_) {
    waits.push_back({.fd = running.process.handle(), .events = POLLIN, .revents = 0});
    keys.push_back(key);
    next = std::min(next, running.kill_at);
  }
  const absl::Time now = absl::Now();
  const int64_t most =
      next == absl::InfiniteFuture()
          ? -1
          : std::clamp<int64_t>(absl::ToInt64Milliseconds(next - now) + 1, 0, kLongestWaitMs);
  if (::poll(waits.data(), waits.size(), static_cast<int>(most)) < 0) return;  // looked at again
  for (size_t i = 0; i < keys.size(); ++i) {
    if (waits[i + 1].revents != 0) Ended(keys[i]);
  }
  EndLate(absl::Now());
}

void LocalFleet::EndLate(absl::Time now) {
  for (auto& [key, running] : running_) {
    if (running.kill_at > now) continue;
    running.process.Signal(SIGKILL);
    running.kill_at = absl::InfiniteFuture();
  }
}

void LocalFleet::StartNow(const ReplicaSpec& spec) {
  const RunFolder folder(root_, spec.deployment, spec.name);
  absl::Status made = folder.Make(spec);
  absl::StatusOr<Process> process =
      made.ok() ? limits_.Start(spec, {.program = Text(spec.folder, "/", spec.program),
                                       .arguments = ArgumentsOf(spec, folder, flags_),
                                       .environment = EnvironmentOf(spec),
                                       .folder = folder.path(),
                                       .output = folder.output()})
                : made;
  if (!process.ok()) {
    Report({.deployment = spec.deployment,
            .name = spec.name,
            .asked = false,
            .how = std::string(MessageOf(process.status()))});
    return;
  }
  hooks_.output_begins({.deployment = spec.deployment,
                        .chain = spec.chain,
                        .name = spec.name,
                        .unit = spec.unit,
                        .revision = spec.revision,
                        .chainlets = spec.chainlets,
                        .pid = process->pid(),
                        .gpus = spec.gpus,
                        .bundle = spec.bundle},
                       folder.output());
  running_.emplace(Key(spec.deployment, spec.name), Running{.process = *std::move(process)});
}

void LocalFleet::StopNow(const Key& key, absl::Duration patience) {
  const auto found = running_.find(key);
  if (found == running_.end()) return;
  Running& running = found->second;
  running.process.Signal(running.asked && patience <= absl::ZeroDuration() ? SIGKILL : SIGTERM);
  running.asked = true;
  running.kill_at = std::min(running.kill_at, absl::Now() + patience);
}

void LocalFleet::Ended(const Key& key) {
  const auto found = running_.find(key);
  ReplicaExit exit{.deployment = key.first,
                   .name = key.second,
                   .asked = found->second.asked,
                   .how = found->second.process.HowItEnded()};
  exit.how += limits_.Ended(key.first, key.second);
  running_.erase(found);
  Report(std::move(exit));
}

void LocalFleet::Report(ReplicaExit exit) {
  const std::string output = RunFolder(root_, exit.deployment, exit.name).output();
  exit.last_lines = hooks_.last_lines(output);
  hooks_.output_ends(output);
  hooks_.on_exit(std::move(exit));
}

}  // namespace chains::deploy
