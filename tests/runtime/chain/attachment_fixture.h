// A replica under a platform that a test plays.
#pragma once

#include <future>
#include <list>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "chains/chain/client.h"
#include "chains/chain/replica.h"
#include "fake_control.h"
#include "zoo.h"

namespace zoo {

using chains::FakePlatform;
using chains::internal::Replica;
using chains::v1::ReplicaOrders;
using chains::v1::ReplicaReport;

inline std::string NewSocket() {
  static int count = 0;
  return "unix:" + ::testing::TempDir() + "attach_" + std::to_string(getpid()) + "_" +
         std::to_string(++count);
}

// A latch for handlers and tests.
class Signal {
 public:
  void Give() { promise_.set_value(); }
  bool Wait() { return future_.wait_for(std::chrono::seconds(40)) == std::future_status::ready; }

 private:
  std::promise<void> promise_;
  std::future<void> future_ = promise_.get_future();
};

inline ReplicaOrders Orders(uint64_t version, const std::vector<std::string>& leaves,
                            uint32_t report_every_ms = 20) {
  ReplicaOrders orders;
  orders.set_version(version);
  orders.set_report_every_ms(report_every_ms);
  chains::v1::Endpoints& endpoints = *orders.add_endpoints();
  endpoints.set_chainlet("zoo.Leaf");
  for (const std::string& address : leaves) {
    chains::v1::Endpoint& endpoint = *endpoints.add_replicas();
    endpoint.set_address(address);
    endpoint.set_connections(1);
  }
  return orders;
}

inline auto HasSeen(uint64_t version) {
  return [version](const ReplicaReport& report) { return report.orders_seen() == version; };
}
inline auto IsIn(chains::v1::ReplicaState state) {
  return [state](const ReplicaReport& report) { return report.state() == state; };
}

// Whose Leaf is elsewhere.
inline chains::Chain RootChain() {
  chains::Chain chain("zoo");
  chain.Add<RootObject>(chains::Needs<Leaf>{}).Entrypoint();
  chain.Declare<Leaf>();
  return chain;
}
inline chains::Chain LeafChain(LeafScript& script, chains::Limits limits = {}) {
  chains::Chain chain("zoo");
  chain.Add<ScriptedLeaf>(Script(script), limits).Entrypoint();
  return chain;
}

class AttachmentTest : public ::testing::Test {
 protected:
  std::unique_ptr<Replica> Start(const chains::Chain& chain, Replica::Options options) {
    options.listen = {NewSocket()};
    auto replica = Replica::Listen(chain.spec(), std::move(options), workers_);
    EXPECT_TRUE(replica.ok()) << replica.status();
    const absl::Status started = (*replica)->Start({});
    EXPECT_TRUE(started.ok()) << started;
    return *std::move(replica);
  }
  std::unique_ptr<Replica> StartUnderPlatform(const chains::Chain& chain, int reactors = 1) {
    Replica::Options options;
    options.name = "r-0";
    options.max_reactors = reactors;
    options.platform = {.platform = platform_.address(),
                        .deployment = "d1",
                        .token = "t0ken",
                        .replica = "r-0",
                        .timeout = timeout_,
                        .on_lost = [this] { lost_.Give(); }};
    return Start(chain, std::move(options));
  }
  // Answers `number` to every call.
  std::unique_ptr<Replica> StartLeaf(LeafScript& script, int number) {
    script.answer = [number](LeafRequest) -> chains::Task<LeafReply> {
      co_return NumberReply(number);
    };
    chains_.push_back(LeafChain(script));
    return Start(chains_.back(), {});
  }
  static absl::StatusOr<RootReply> Call(const Replica& replica) {
    chains::Client<Root> client(replica.addresses().front());
    return client.Call(&Root::RunRemote, Calls(1, 0));
  }

  chains::WorkerPool workers_;
  absl::Duration timeout_ = absl::Hours(1);
  Signal lost_;
  std::list<chains::Chain> chains_;
  FakePlatform platform_{NewSocket()};
};

}  // namespace zoo
