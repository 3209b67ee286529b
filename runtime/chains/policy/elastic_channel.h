// ElasticChannel: several ways to one chainlet that come and go. While there is none, calls wait.
//
//   chains::ElasticChannel channel(
//       [&](const chains::ElasticChannel::Way& way) {
//         return std::make_unique<chains::GrpcChannel>(
//             way.address, reactor, chains::GrpcChannel::Options{.connections = way.connections});
//       },
//       {.name = "hello.SayHello"}, [&] { AskForAReplica(); });
//   channel.SetWays({{.address = "unix:/run/say-0.sock", .connections = 2}});
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "chains/contract/channel.h"
#include "chains/core/leaf.h"
#include "chains/core/loop.h"
#include "chains/policy/ways.h"

namespace chains {

// Chooses as BalancedChannel does. For one loop's coroutines only; made before that loop runs, or
// on it.
class ElasticChannel final : public internal::WaysChannel {
 public:
  struct Way {
    std::string address;
    size_t connections = 1;
    std::string zone = "";  // where the replica is; empty: unknown
    friend bool operator==(const Way&, const Way&) = default;
  };
  struct Options {
    size_t max_waiting = 4096;  // calls; more fail with RESOURCE_EXHAUSTED
    std::string name;           // of the chainlet, for messages: "hello.SayHello"
    Balancing balancing = {};
    std::string zone = "";             // of this process; empty: all replicas are alike
    EdgeCounters* counters = nullptr;  // outlives the channel; may be null
  };
  // Makes the channel of a way.
  using Connect = std::function<std::unique_ptr<Channel>(const Way&)>;
  // Told when a call begins to wait and none did before: there is no way. Must not call back.
  using OnWaiting = std::function<void()>;

  ElasticChannel(Connect connect, Options options, OnWaiting on_waiting = nullptr);

  // From now on calls take one of `ways`; those that wait go on, in their order, in the loop's next
  // turn. A way that stays keeps its channel. Calls on one that is not listed any more end there,
  // and its channel with the last of them. One that is listed twice counts once.
  void SetWays(const std::vector<Way>& ways);

  // A call that waits is dropped like any other; its deadline is for its caller to enforce.
  Task<Bytes> Unary(const Method& method, Bytes request) override;
  Task<Bytes> UnaryBy(internal::WayChoice& choice, const Method& method, Bytes request) override;
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override;

  // Calls that wait, and those that were sent and have not ended. Any thread may ask.
  size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }
  size_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  size_t ways() const override { return ways_.size(); }  // that new calls may take
  size_t leaving() const { return leaving_.size(); }     // that finish the calls they have

  // For calls.

  bool none() const { return ways_.empty(); }
  internal::WaySet& set() { return set_; }
  class Waiter;
  class [[nodiscard]] Waiting {
   public:
    explicit Waiting(ElasticChannel& channel) : channel_(channel) {}
    Waiter Bind(internal::Promise& waiter) &&;

   private:
    ElasticChannel& channel_;
  };
  // `co_await WaitForOne()`: goes on when there is a way.
  Waiting WaitForOne() { return Waiting(*this); }

 private:
  // What waits is in this list by, beside the loop's list of leaves.
  struct Queued : internal::ListNode {};
  // Resumes what waits. One job for all: when the ways are gone again before a call's turn came,
  // it has kept its place.
  class WakeUp final : public Loop::Job {
   public:
    explicit WakeUp(ElasticChannel& channel) : channel_(channel) {}

   private:
    void Run() override;
    ElasticChannel& channel_;
  };
  // A way, and what it was made for.
  struct Known {
    Way where;
    std::unique_ptr<internal::Way> way;
  };
  Known TakeOrConnect(const Way& where);
  void Retire(std::unique_ptr<internal::Way> way);

  const Connect connect_;
  const Options options_;
  const OnWaiting on_waiting_;
  std::vector<Known> ways_;
  std::vector<std::unique_ptr<internal::Way>> leaving_;
  internal::WaySet set_;
  std::atomic<size_t> in_flight_{0};
  std::atomic<size_t> waiting_{0};
  internal::IntrusiveList<Queued> queue_;  // Waiters
  Loop* loop_ = nullptr;                   // of those that waited
  WakeUp wake_up_;
};

// A call that waits in the queue.
class ElasticChannel::Waiter final : public internal::Leaf, public Queued {
 public:
  Waiter(ElasticChannel& channel, internal::Promise& waiter) : Leaf(waiter), channel_(channel) {}
  ~Waiter() { Withdraw(); }
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<>);
  void await_resume() const noexcept {}

 private:
  friend class ElasticChannel::WakeUp;
  void Abandon() noexcept override { Withdraw(); }
  void Withdraw();

  ElasticChannel& channel_;
};

inline ElasticChannel::Waiter ElasticChannel::Waiting::Bind(internal::Promise& waiter) && {
  return Waiter(channel_, waiter);
}

}  // namespace chains
