// Session: what a command has at hand: the terminal, the format of its answers, the platform.
//
//   absl::StatusOr<PlatformClient*> platform = session.Platform();
//   if (!platform.ok()) return session.Fail(platform.status());
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/message.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "deploy/cli/remotes.h"
#include "deploy/cli/terminal/terminal.h"

namespace chains::deploy {
struct ChildOptions;
struct ChildResult;
}  // namespace chains::deploy

namespace chains::deploy::cli {

class ChainSource;
class Cluster;
class PlatformClient;
class Tunnel;
struct Work;

// How a command ends.
enum ExitCode : int { kDone = 0, kFailed = 1, kUsage = 2 };

enum class OutputFormat { kText, kJson };

// For the thread of the command, but Interrupted().
class Session {
 public:
  // What a test replaces.
  struct World {
    Getenv getenv;
    // A folder or a program to what is pushed of it.
    std::function<absl::StatusOr<std::unique_ptr<ChainSource>>(const std::string& path,
                                                               const Work& work)>
        open_chain;
    // Writes a new chain; an empty name is the folder's.
    std::function<absl::Status(const std::string& folder, const std::string& name)> init_chain;
    // Makes this process the program `command[0]`; returns only where that fails.
    std::function<absl::Status(const std::vector<std::string>& command)> become;
    std::function<absl::Time()> now;
    // The user asked to end: Ctrl-C. It stays so.
    std::function<bool()> interrupted;
    // A way to an installation on a cluster.
    std::function<absl::StatusOr<std::unique_ptr<Tunnel>>(const ClusterAccess&)> open_tunnel;
    // The API server of a cluster; what is applied there is `field_manager`'s.
    std::function<absl::StatusOr<std::unique_ptr<Cluster>>(const ClusterAccess&,
                                                           const std::string& field_manager)>
        open_cluster;
    // Another program, to its end.
    std::function<absl::StatusOr<ChildResult>(const ChildOptions&)> run_child;
  };

  Session(Terminal terminal, World world);
  ~Session();
  Session(const Session&) = delete;

  const Terminal& terminal() const { return terminal_; }
  std::ostream& out() const { return terminal_.out; }
  std::ostream& err() const { return terminal_.err; }
  const World& world() const { return world_; }

  // Set from flags that every command has.
  OutputFormat format = OutputFormat::kText;
  std::string remote_name = {};
  bool json() const { return format == OutputFormat::kJson; }

  // With addresses: those of one on a cluster lead through a tunnel, which lives as long as this.
  absl::StatusOr<Remote> ChosenRemote();
  // Connected once; it lives as long as this.
  absl::StatusOr<PlatformClient*> Platform();

  // One line of JSON on `out`.
  void PrintJson(const google::protobuf::Message& message) const;
  // A note for people, on `err`.
  void Note(std::string_view text) const;
  // Says what went wrong, on `err`; answers kFailed. With the path of a failure that has one.
  int Fail(const absl::Status& error) const;
  // Says what is wrong with the command line; answers kUsage.
  int Usage(std::string_view problem) const;

 private:
  const Terminal terminal_;
  const World world_;
  std::unique_ptr<Tunnel> tunnel_;
  std::optional<Remote> chosen_;
  std::unique_ptr<PlatformClient> platform_;
};

}  // namespace chains::deploy::cli
