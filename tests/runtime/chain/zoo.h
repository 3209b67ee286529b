// The chain of zoo.proto: a Leaf that a test steers, a Root that calls it.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chains/chain/chain.h"
#include "zoo.chains.h"

namespace zoo {

inline LeafRequest Number(int number) {
  LeafRequest request;
  request.set_number(number);
  return request;
}
inline LeafReply NumberReply(int number) {
  LeafReply reply;
  reply.set_number(number);
  return reply;
}

// What all LeafObjects of a test share. `answer` runs on the Leaf's loop; none: the number,
// doubled.
struct LeafScript {
  std::atomic<int> started{0};
  std::atomic<int> finished{0};
  std::atomic<int> running{0};
  std::atomic<int> most_running{0};
  std::atomic<int> produced{0};
  std::function<chains::Task<LeafReply>(LeafRequest)> answer;
};

// Counts a stay of a coroutine, however it ends.
class Stay {
 public:
  explicit Stay(LeafScript& script) : script_(script) {
    ++script_.started;
    const int now = ++script_.running;
    if (now > script_.most_running) script_.most_running = now;
  }
  Stay(const Stay&) = delete;
  ~Stay() { --script_.running; }

 private:
  LeafScript& script_;
};

class LeafObject final : public Leaf {
 public:
  explicit LeafObject(LeafScript& script) : script_(script) {}

  chains::Task<LeafReply> RunRemote(LeafRequest request) override {
    Stay stay(script_);
    LeafReply reply = NumberReply(2 * request.number());
    if (script_.answer) reply = co_await script_.answer(std::move(request));
    ++script_.finished;
    co_return reply;
  }
  chains::Task<LeafReply> Once(LeafRequest request) override {
    LeafReply reply = co_await RunRemote(std::move(request));
    co_return reply;
  }
  chains::Stream<LeafReply> Count(LeafRequest request) override {
    Stay stay(script_);
    for (int i = 0; request.number() < 0 || i < request.number(); ++i) {
      ++script_.produced;
      LeafReply reply = NumberReply(i);
      co_yield std::move(reply);
    }
  }
  chains::Task<LeafReply> Sum(chains::Stream<LeafRequest> requests) override {
    Stay stay(script_);
    int sum = 0;
    while (std::optional<LeafRequest> request = co_await requests.Next()) sum += request->number();
    co_return NumberReply(sum);
  }
  chains::Stream<LeafReply> Double(chains::Stream<LeafRequest> requests) override {
    Stay stay(script_);
    while (std::optional<LeafRequest> request = co_await requests.Next()) {
      LeafReply reply = NumberReply(2 * request->number());
      co_yield std::move(reply);
    }
  }

 private:
  LeafScript& script_;
};

class RootObject final : public Root {
 public:
  explicit RootObject(Leaf& leaf) : leaf_(leaf) {}

  chains::Task<RootReply> RunRemote(RootRequest request) override {
    std::vector<chains::Task<LeafReply>> calls;
    for (int i = 0; i < request.calls(); ++i) {
      calls.push_back(leaf_.RunRemote(Number(request.number())));
    }
    std::vector<LeafReply> replies = co_await chains::All(std::move(calls));
    RootReply reply;
    for (const LeafReply& each : replies) reply.set_result(reply.result() + each.number());
    co_return reply;
  }

 private:
  Leaf& leaf_;
};

class TopObject final : public Top {
 public:
  explicit TopObject(Root& root) : root_(root) {}

  chains::Task<RootReply> RunRemote(RootRequest request) override {
    RootReply first = co_await root_.RunRemote(request);
    RootReply second = co_await root_.RunRemote(std::move(request));
    first.set_result(first.result() + second.result());
    co_return first;
  }

 private:
  Root& root_;
};

// A Shared that stands for an object of the test.
inline chains::Shared<LeafScript*> Script(LeafScript& script) {
  return chains::Shared<LeafScript*>(
      [&script](const chains::DeploymentContext&) -> absl::StatusOr<std::unique_ptr<LeafScript*>> {
        return std::make_unique<LeafScript*>(&script);
      });
}

// LeafObject as a chain builds it.
class ScriptedLeaf final : public Leaf {
 public:
  explicit ScriptedLeaf(LeafScript*& script) : object_(*script) {}
  chains::Task<LeafReply> RunRemote(LeafRequest request) override {
    return object_.RunRemote(std::move(request));
  }
  chains::Task<LeafReply> Once(LeafRequest request) override {
    return object_.Once(std::move(request));
  }
  chains::Stream<LeafReply> Count(LeafRequest request) override {
    return object_.Count(std::move(request));
  }
  chains::Task<LeafReply> Sum(chains::Stream<LeafRequest> requests) override {
    return object_.Sum(std::move(requests));
  }
  chains::Stream<LeafReply> Double(chains::Stream<LeafRequest> requests) override {
    return object_.Double(std::move(requests));
  }

 private:
  LeafObject object_;
};

inline RootRequest Calls(int calls, int number) {
  RootRequest request;
  request.set_calls(calls);
  request.set_number(number);
  return request;
}

}  // namespace zoo
