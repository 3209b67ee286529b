// LocalFleet: replicas as processes of this machine, on unix sockets.
//
//   LocalFleet fleet(home / "run", {.on_exit = [&](ReplicaExit exit) { reactor.Post(…); }});
//   absl::StatusOr<std::vector<FoundReplica>> found = fleet.Find();   // once, first
//   fleet.Start(spec);
//
// Processes outlive the platform: one that was killed finds them again (run_folder.h). A thread of
// the fleet's starts, watches and ends them.
#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "deploy/fleets/fleet.h"
#include "deploy/fleets/local/process.h"
#include "deploy/fleets/local/replica_limits.h"

namespace chains::deploy {

class LocalFleet final : public Fleet {
 public:
  // All called on the fleet's thread, or within Find(); they may block for a moment.
  struct Hooks {
    // A replica writes its output to this file from now on, or has ended to.
    std::function<void(const FoundReplica& replica, const std::string& output)> output_begins;
    std::function<void(const std::string& output)> output_ends;
    // Its last lines, for the report of its end.
    std::function<std::vector<std::string>(const std::string& output)> last_lines;
    OnExit on_exit;
  };
  // `root` is made when it is needed. `limits`: how replicas are kept to what they declare.
  // `flags`: what every replica is told besides, in the words of `serve`.
  LocalFleet(std::filesystem::path root, Hooks hooks, ReplicaLimits::Means limits = {},
             std::vector<std::string> flags = {});
  ~LocalFleet() override;  // leaves the processes as they are

  // Replicas that an earlier platform left, watched from now on. Before Start(), once.
  absl::StatusOr<std::vector<FoundReplica>> Find();

  std::string kind() const override { return "local"; }
  void Start(ReplicaSpec spec) override;
  void Stop(const std::string& deployment, const std::string& name,
            absl::Duration patience) override;
  void Forget(const std::string& deployment, const std::string& name) override;

 private:
  using Key = std::pair<std::string, std::string>;  // deployment, name
  struct Running {
    Process process;
    bool asked = false;
    absl::Time kill_at = absl::InfiniteFuture();
  };

  void Do(absl::AnyInvocable<void()> work);
  void Run();
  void RunQueued();
  void Await();
  void EndLate(absl::Time now);
  void StartNow(const ReplicaSpec& spec);
  void StopNow(const Key& key, absl::Duration patience);
  void Ended(const Key& key);
  void Report(ReplicaExit exit);

  const std::filesystem::path root_;
  const Hooks hooks_;
  const int wake_;  // an eventfd
  std::mutex mutex_;
  std::deque<absl::AnyInvocable<void()>> queue_;  // guarded by mutex_
  bool stopping_ = false;                         // guarded by mutex_
  std::map<Key, Running> running_;                // the thread's, as is limits_
  const std::vector<std::string> flags_;
  ReplicaLimits limits_;
  std::thread thread_;
};

}  // namespace chains::deploy
