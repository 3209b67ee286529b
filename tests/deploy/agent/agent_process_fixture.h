// AgentProcessTest: chains-agent as a process beside a platform that the test plays.
//
//   platform_.Order(ProbeAs("Steps-1"));
//   ASSERT_TRUE(Becomes([this] { return IsReady("Steps-1"); }));
//   EXPECT_THAT(Steps(1, 0).status(), IsOk());
#pragma once

#include <arpa/inet.h>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/chain/client.h"
#include "chains/grpc/health_check.h"
#include "chains/testing/status_matchers.h"
#include "deploy/fleets/local/process.h"
#include "fragile.chains.h"
#include "probe.chains.h"
#include "tests/deploy/agent/platform_in_test.h"

namespace chains::deploy {

inline constexpr absl::Duration kDeadline = absl::Seconds(50);

inline std::string ContentOf(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// A zombie that nobody waits for does not.
inline bool Lives(int pid) {
  const std::string stat = ContentOf(Text("/proc/", pid, "/stat"));
  const size_t name_ends = stat.rfind(')');
  return name_ends != stat.npos && stat.substr(name_ends + 2, 1) != "Z";
}

// A port that nobody has now.
inline int FreePort() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(socket);
  return ntohs(address.sin_port);
}

// Nobody tells: looks again and again.
template <typename F>
bool Becomes(F condition) {
  const absl::Time limit = absl::Now() + kDeadline;
  while (!condition()) {
    if (absl::Now() > limit) return false;
    ::poll(nullptr, 0, 10);
  }
  return true;
}

class AgentProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_ / "token") << PlatformInTest::kToken << "\n";
    StartAgent();
  }
  void TearDown() override {
    if (agent_) agent_->Signal(SIGKILL);
    if (agent_) agent_->HowItEnded();
    if (HasFailure()) std::cerr << ContentOf(folder_ / "agent.log");
  }

  void StartAgent(const std::vector<std::string>& more = {}) {
    Launch launch;
    launch.program = AGENT_PROGRAM;
    launch.arguments = {"--platform",      platform_.address(),
                        "--deployment",    PlatformInTest::kDeployment,
                        "--token-file",    folder_ / "token",
                        "--place",         "hello-3f9a-all",
                        "--work",          folder_ / "work",
                        "--listen",        Text("127.0.0.1:", port_),
                        "--health-listen", Text("127.0.0.1:", health_port_),
                        "--drain",         "20s"};
    launch.arguments.insert(launch.arguments.end(), more.begin(), more.end());
    launch.environment = {
        {"CHAINS_POD", "hello-x7k2p"}, {"CHAINS_NODE", "node1"}, {"PATH", "/usr/bin:/bin"}};
    launch.folder = folder_.path();
    launch.output = folder_ / "agent.log";
    agent_.reset();
    agent_.emplace(Process::Start(launch).value());
  }
  // How it ended; it does so by itself.
  std::string AgentEnds() {
    pollfd end{.fd = agent_->handle(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&end, 1, static_cast<int>(absl::ToInt64Milliseconds(kDeadline))), 1);
    std::string how = agent_->HowItEnded();
    agent_.reset();
    return how;
  }

  v1::PodOrders Nothing() const {
    v1::PodOrders orders;
    orders.set_patience_ms(20'000);
    orders.set_report_every_ms(200);
    return orders;
  }
  v1::PodOrders ProbeAs(const std::string& replica) {
    v1::PodOrders orders = Nothing();
    v1::ReplicaOrder& run = *orders.mutable_run();
    run.set_replica(replica);
    run.set_chain("probe");
    run.set_bundle(platform_.Push("probe", PROBE_PROGRAM));
    run.set_program("probe");
    run.add_chainlets("probe.Steps");
    run.add_chainlets("probe.Step");
    return orders;
  }
  v1::PodOrders FragileAs(const std::string& replica, const std::string& secret) {
    v1::PodOrders orders = Nothing();
    v1::ReplicaOrder& run = *orders.mutable_run();
    run.set_replica(replica);
    run.set_chain("fragile");
    run.set_bundle(platform_.Push("fragile", FRAGILE_PROGRAM));
    run.set_program("fragile");
    run.add_chainlets("fragile.Voice");
    run.add_chainlets("fragile.Mute");
    (*run.mutable_secrets())["voice"] = secret;
    return orders;
  }

  // A shell script in the place of a chain's program.
  v1::PodOrders ScriptAs(const std::string& replica, const std::string& text) {
    v1::PodOrders orders = Nothing();
    v1::ReplicaOrder& run = *orders.mutable_run();
    run.set_replica(replica);
    run.set_chain("script");
    run.set_bundle(platform_.PushScript("script", "#!/bin/sh\n" + text));
    run.set_program("script");
    run.add_chainlets("a.Chainlet");
    return orders;
  }

  // What the program's second port says of it, as a kubelet asks.
  absl::Status Serves() {
    return AskHealth(Text("127.0.0.1:", health_port_), "", absl::Seconds(10));
  }

  v1::PodReport Report() {
    return platform_.Look([](PlatformInTest::Seen& seen) {
      return seen.pods.reports.empty() ? v1::PodReport() : seen.pods.reports.back();
    });
  }
  // The replica's program says that it is ready.
  bool IsReady(const std::string& replica) {
    return platform_.Look([&replica](PlatformInTest::Seen& seen) {
      const auto found = seen.control.replicas.find(replica);
      return found != seen.control.replicas.end() && found->second.state() == v1::REPLICA_READY;
    });
  }
  // Of a replica that ended: what the agent said of it at any time.
  std::optional<v1::ReplicaEnded> EndOf(const std::string& replica) {
    return platform_.Look([&replica](PlatformInTest::Seen& seen) {
      std::optional<v1::ReplicaEnded> end;
      for (const v1::PodReport& report : seen.pods.reports) {
        for (const v1::ReplicaEnded& each : report.ended()) {
          if (each.replica() == replica) end = each;
        }
      }
      return end;
    });
  }
  std::string OutputOf(const std::string& replica) {
    return platform_.Look([&replica](PlatformInTest::Seen& seen) {
      std::string all;
      for (const v1::PodReport& report : seen.pods.reports) {
        for (const v1::OutputPiece& piece : report.output()) {
          if (piece.replica() == replica && piece.offset() == all.size()) all += piece.data();
        }
      }
      return all;
    });
  }
  absl::StatusOr<int> Steps(int steps, int hold_ms) {
    Client<probe::Steps> client(Text("127.0.0.1:", port_));
    probe::StepsRequest request;
    request.set_steps(steps);
    request.set_hold_ms(hold_ms);
    auto reply = client.Call(&probe::Steps::RunRemote, request);
    if (!reply.ok()) return reply.status();
    return reply->result();
  }
  absl::StatusOr<std::string> Speak() {
    Client<fragile::Voice> client(Text("127.0.0.1:", port_));
    auto reply = client.Call(&fragile::Voice::RunRemote, fragile::SpeakRequest());
    if (!reply.ok()) return reply.status();
    return reply->result();
  }

  const TempFolder folder_;
  PlatformInTest platform_;
  const int port_ = FreePort();
  const int health_port_ = FreePort();
  std::optional<Process> agent_;
};

}  // namespace chains::deploy
