// Both ends of a connection, for tests: a server with handlers of bytes, and a channel to it.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "chains/contract/service.h"
#include "chains/core/root.h"
#include "chains/grpc/client_channel.h"
#include "chains/grpc/process.h"
#include "chains/grpc/run_on.h"
#include "chains/grpc/server.h"

namespace chains {

inline constexpr Method kUnary{
    .chainlet = "test.Echo", .name = "One", .path = "/test.Echo/One", .kind = MethodKind::kUnary};
inline constexpr Method kServerStreaming{.chainlet = "test.Echo",
                                         .name = "Count",
                                         .path = "/test.Echo/Count",
                                         .kind = MethodKind::kServerStreaming};
inline constexpr Method kClientStreaming{.chainlet = "test.Echo",
                                         .name = "Join",
                                         .path = "/test.Echo/Join",
                                         .kind = MethodKind::kClientStreaming};
inline constexpr Method kBidirectional{.chainlet = "test.Echo",
                                       .name = "Each",
                                       .path = "/test.Echo/Each",
                                       .kind = MethodKind::kBidirectional};

// The contract of these, for GrpcServer::Options::contracts.
inline const ServiceInfo& EchoContract() {
  static constexpr std::array<Method, 4> kMethods{kUnary, kServerStreaming, kClientStreaming,
                                                  kBidirectional};
  static const ServiceInfo info{.name = "test.Echo", .proto_file = "", .methods = kMethods};
  return info;
}

inline Context Within(absl::Duration timeout) {
  return Context().WithDeadline(absl::Now() + timeout);
}

// A path in the temporary folder that no other test uses.
inline std::string SocketPath() {
  static int count = 0;
  return absl::StrCat(::testing::TempDir(), "/chains_", getpid(), "_", ++count, ".sock");
}

inline Stream<Bytes> Items(std::vector<std::string> texts) {
  for (const std::string& text : texts) co_yield Bytes(text);
}

inline Task<std::vector<std::string>> Collect(Stream<Bytes> stream) {
  std::vector<std::string> texts;
  while (std::optional<Bytes> item = co_await stream.Next()) texts.push_back(item->ToString());
  co_return texts;
}

// Each test runs twice: its calls go alone, and as many as may share a carrier.
inline bool Carries() { return std::getenv("CHAINS_TEST_CARRIES") != nullptr; }

// Of a channel to what may be Ends: what it has of its own.
inline GrpcChannel::Options ChannelOptions(GrpcChannel::Options options = {}) {
  options.carries = Carries();
  return options;
}

// Makes a call that everybody may make. Whether the channel's calls share a stream after it.
inline bool CallForCarrier(GrpcChannel& channel, Reactor& reactor) {
  static constexpr Method kCheck{.chainlet = "grpc.health.v1.Health",
                                 .name = "Check",
                                 .path = "/grpc.health.v1.Health/Check",
                                 .kind = MethodKind::kUnary};
  const auto call = [&channel]() -> Task<bool> {
    const auto healthy = co_await Outcome(channel.Unary(kCheck, Bytes()));
    co_return healthy.ok() && channel.carrying();
  };
  return RunOn(reactor, call, Within(absl::Seconds(50))).value_or(false);
}

inline void AwaitCarrier(GrpcChannel& channel, Reactor& reactor) {
  const absl::Time late = absl::Now() + absl::Minutes(1);
  while (absl::Now() < late) {
    if (CallForCarrier(channel, reactor)) return;
  }
  ADD_FAILURE() << channel.address() << ": no carrier was opened";
}

// A server with one reactor (or more), and a reactor and a channel to call it.
class Ends {
 public:
  explicit Ends(Service service) : Ends(std::move(service), Options()) {}
  Ends(Service service, GrpcServer::Options options) : client_(workers_) {
    PrepareProcess();
    if (Carries() && options.contracts.empty()) options.contracts = {&EchoContract()};
    absl::StatusOr<std::unique_ptr<GrpcServer>> server =
        GrpcServer::Listen(std::move(options), workers_);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    server_->Serve(0, std::move(service));
    server_->Start();
    channel_.emplace(server_->addresses().front(), client_, ChannelOptions());
    client_.Start();
    if (Carries()) AwaitCarrier(*channel_, client_);
  }
  ~Ends() { client_.Stop(); }

  static GrpcServer::Options Options() {
    GrpcServer::Options options;
    options.listen = {"127.0.0.1:0"};
    options.replica = "echo-0";
    return options;
  }

  GrpcServer& server() { return *server_; }
  Reactor& client() { return client_; }
  GrpcChannel& channel() { return *channel_; }
  WorkerPool& workers() { return workers_; }

  absl::StatusOr<std::string> Call(const Method& method, std::string_view request,
                                   Context context = Within(absl::Seconds(50))) {
    absl::StatusOr<Bytes> reply = RunOn(
        client_, [&] { return channel_->Unary(method, Bytes(request)); }, std::move(context));
    if (!reply.ok()) return reply.status();
    return reply->ToString();
  }
  absl::StatusOr<std::vector<std::string>> Exchange(const Method& method,
                                                    std::vector<std::string> requests,
                                                    Context context = Within(absl::Seconds(50))) {
    return RunOn(
        client_, [&] { return Collect(channel_->Streaming(method, Items(std::move(requests)))); },
        std::move(context));
  }

 private:
  WorkerPool workers_;
  std::unique_ptr<GrpcServer> server_;
  Reactor client_;
  std::optional<GrpcChannel> channel_;
};

// Events of handlers, that a test waits for.
class Events {
 public:
  void Add(const std::string& event) {
    std::lock_guard lock(mutex_);
    events_.push_back(event);
    changed_.notify_all();
  }
  // False when `event` did not happen `times` times, for a minute.
  bool Wait(const std::string& event, int times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1),
                             [&] { return Counted(event) >= times; });
  }
  int Count(const std::string& event) {
    std::lock_guard lock(mutex_);
    return Counted(event);
  }

 private:
  int Counted(const std::string& event) {
    return static_cast<int>(std::count(events_.begin(), events_.end(), event));
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> events_;  // guarded by mutex_
};

// Adds an event when it is destroyed: when the coroutine that holds it is dropped, or ends.
class Farewell {
 public:
  Farewell(Events& events, std::string event) : events_(events), event_(std::move(event)) {}
  Farewell(const Farewell&) = delete;
  ~Farewell() { events_.Add(event_); }

 private:
  Events& events_;
  const std::string event_;
};

// Waits until it is dropped.
inline Task<Bytes> Forever(Events& events) {
  const Farewell farewell(events, "dropped");
  events.Add("started");
  co_await Sleep(absl::Hours(1));
  co_return Bytes("late");
}

// Runs a task on a reactor until it is told to drop it.
class Started {
 public:
  Started(Reactor& reactor, absl::AnyInvocable<Task<void>()> make) : reactor_(reactor) {
    reactor_.Post([this, make = std::move(make)]() mutable {
      root_.emplace(reactor_, Context(), make(), [](absl::StatusOr<internal::Unit>) {});
      root_->Start();
    });
  }
  ~Started() { Drop(); }
  void Drop() {
    if (std::exchange(dropped_, true)) return;
    std::latch dropped(1);
    reactor_.Post([&] {
      root_.reset();
      dropped.count_down();
    });
    dropped.wait();
  }

 private:
  Reactor& reactor_;
  std::optional<internal::Root<void>> root_;
  bool dropped_ = false;
};

inline Task<void> CallOnce(GrpcChannel& channel) { co_await channel.Unary(kUnary, Bytes("")); }

}  // namespace chains
