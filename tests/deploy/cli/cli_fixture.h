// CliTest: the command line against a fake platform, with streams that the test reads.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "deploy/bundle/child.h"
#include "deploy/cli/command_line.h"
#include "deploy/cli/kubernetes/cluster.h"
#include "deploy/cli/push/chain_source.h"
#include "deploy/cli/remotes.h"
#include "deploy/cli/session.h"
#include "deploy/cli/tunnel.h"
#include "tests/deploy/cli/fake_platform.h"

namespace chains::deploy::cli {

inline v1::Deployment ADeployment(const std::string& id, v1::DeploymentState state) {
  v1::Deployment deployment;
  deployment.set_id(id);
  deployment.set_chain("hello");
  deployment.set_state(state);
  deployment.set_created_unix_ms(absl::ToUnixMillis(absl::UnixEpoch() + absl::Hours(1)));
  deployment.set_revision(1);
  deployment.set_entrypoint("chains.v1.Platform");
  for (const char* name : {"HelloAll", "SayHello"}) {
    v1::ChainletStatus& chainlet = *deployment.add_chainlets();
    chainlet.set_chainlet(std::string("hello.") + name);
    chainlet.set_display_name(name);
    chainlet.set_wanted(1);
    chainlet.set_ready(1);
    chainlet.set_state("ready");
    chainlet.mutable_autoscaling()->set_max_replica(1);
  }
  return deployment;
}

class CliTest : public ::testing::Test {
 protected:
  CliTest() {
    home_ = std::filesystem::path(::testing::TempDir()) / ("cli_home_" + std::to_string(getpid()));
    std::filesystem::create_directories(home_);
    environment_ = {{"CHAINS_HOME", home_.string()}};
    remote_ = {.name = "local",
               .platform = platform.address(),
               .gateway = "http://127.0.0.1:1",
               .grpc = platform.address(),
               .key = "k1"};
    SaveRemote();
  }
  ~CliTest() override { std::filesystem::remove_all(home_); }

  void SaveRemote() {
    const Remotes remotes = {.default_name = "local", .by_name = {{"local", remote_}}};
    ASSERT_TRUE(SaveRemotes(home_, remotes).ok());
  }

  // The exit code; what was written is in `out` and `err`, or goes to `live` instead of `out`.
  int Run(const std::vector<std::string>& arguments, const std::string& input = "",
          std::ostream* live = nullptr) {
    std::istringstream in(input);
    std::ostringstream out_stream;
    std::ostringstream err_stream;
    Session session(
        {.in = in, .out = live == nullptr ? out_stream : *live, .err = err_stream},
        {.getenv = [this](const std::string& name) -> std::optional<std::string> {
           const auto found = environment_.find(name);
           if (found == environment_.end()) return std::nullopt;
           return found->second;
         },
         .open_chain = [this](const std::string& path,
                              const Work& work) { return open_chain(path, work); },
         .init_chain =
             [this](const std::string& folder, const std::string& name) {
               initialized = folder + " " + name;
               return absl::OkStatus();
             },
         .become =
             [this](const std::vector<std::string>& command) {
               became = command;
               return absl::FailedPreconditionError("it is a test");
             },
         .now = [] { return absl::UnixEpoch() + absl::Hours(3); },
         .interrupted = [this] { return interrupted.load(); },
         .open_tunnel = [this](const ClusterAccess& to) { return open_tunnel(to); },
         .open_cluster = [this](const ClusterAccess& to,
                                const std::string& manager) { return open_cluster(to, manager); },
         .run_child = [this](const ChildOptions& options) { return run_child(options); }});
    const int code = RunCommandLine(MakeRoot(), arguments, session);
    out = out_stream.str();
    err = err_stream.str();
    return code;
  }

  ServedPlatform platform;
  FakePlatform& fake = platform.fake;
  std::filesystem::path home_;
  std::map<std::string, std::string> environment_;
  Remote remote_;
  std::function<absl::StatusOr<std::unique_ptr<ChainSource>>(const std::string&, const Work&)>
      open_chain = [](const std::string& path, const Work&) {
        return absl::NotFoundError(path + " is not there");
      };
  std::function<absl::StatusOr<std::unique_ptr<Tunnel>>(const ClusterAccess&)> open_tunnel =
      [](const ClusterAccess&) { return absl::UnavailableError("there is no cluster"); };
  std::function<absl::StatusOr<std::unique_ptr<Cluster>>(const ClusterAccess&, const std::string&)>
      open_cluster = [](const ClusterAccess&, const std::string&) {
        return absl::UnavailableError("there is no cluster");
      };
  std::function<absl::StatusOr<ChildResult>(const ChildOptions&)> run_child =
      [](const ChildOptions& options) {
        return absl::NotFoundError(options.arguments[0] + " is not there");
      };
  std::atomic<bool> interrupted = false;
  std::vector<std::string> became;
  std::string initialized;
  std::string out;
  std::string err;
};

}  // namespace chains::deploy::cli
