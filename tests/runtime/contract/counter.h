// A contract by hand, as protoc-gen-chains would write it, with a method of each kind.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include <google/protobuf/wrappers.pb.h>

#include "chains/contract/contract.h"
#include "chains/contract/loopback_channel.h"

namespace chains {

using Number = google::protobuf::Int32Value;

inline Number Of(int value) {
  Number number;
  number.set_value(value);
  return number;
}
inline std::vector<int> ValuesOf(const std::vector<Number>& numbers) {
  std::vector<int> values;
  for (const Number& number : numbers) values.push_back(number.value());
  return values;
}

class Counter {
 public:
  virtual ~Counter() = default;
  virtual Task<Number> One(Number request) = 0;
  virtual Stream<Number> Up(Number request) = 0;
  virtual Task<Number> Sum(Stream<Number> requests) = 0;
  virtual Stream<Number> Echo(Stream<Number> requests) = 0;
};

inline constexpr Method kOne{.chainlet = "t.Counter",
                             .name = "One",
                             .path = "/t.Counter/One",
                             .kind = MethodKind::kUnary,
                             .idempotent = true};
inline constexpr Method kUp{.chainlet = "t.Counter",
                            .name = "Up",
                            .path = "/t.Counter/Up",
                            .kind = MethodKind::kServerStreaming};
inline constexpr Method kSum{.chainlet = "t.Counter",
                             .name = "Sum",
                             .path = "/t.Counter/Sum",
                             .kind = MethodKind::kClientStreaming};
inline constexpr Method kEcho{.chainlet = "t.Counter",
                              .name = "Echo",
                              .path = "/t.Counter/Echo",
                              .kind = MethodKind::kBidirectional};

class CounterStub final : public Counter {
 public:
  explicit CounterStub(Channel& channel) : channel_(channel) {}
  Task<Number> One(Number request) override {
    return internal::CallUnary<Number, Number>(channel_, kOne, std::move(request));
  }
  Stream<Number> Up(Number request) override {
    return internal::CallServerStreaming<Number, Number>(channel_, kUp, std::move(request));
  }
  Task<Number> Sum(Stream<Number> requests) override {
    return internal::CallClientStreaming<Number, Number>(channel_, kSum, std::move(requests));
  }
  Stream<Number> Echo(Stream<Number> requests) override {
    return internal::CallBidirectional<Number, Number>(channel_, kEcho, std::move(requests));
  }

 private:
  Channel& channel_;
};

class CounterGuard final : public Counter {
 public:
  CounterGuard(Counter& target, Edge& edge)
      : target_(target),
        one_(edge.PassageOf(kOne)),
        up_(edge.PassageOf(kUp)),
        sum_(edge.PassageOf(kSum)),
        echo_(edge.PassageOf(kEcho)) {}
  Task<Number> One(Number request) override {
    return internal::GuardUnary<&Counter::One, Number>(target_, *one_, std::move(request));
  }
  Stream<Number> Up(Number request) override {
    return internal::GuardReplies<&Counter::Up, Number>(target_, *up_, std::move(request));
  }
  Task<Number> Sum(Stream<Number> requests) override {
    return internal::GuardClientStreaming<&Counter::Sum, Number>(target_, *sum_,
                                                                 std::move(requests));
  }
  Stream<Number> Echo(Stream<Number> requests) override {
    return internal::GuardReplies<&Counter::Echo, Number>(target_, *echo_, std::move(requests));
  }

 private:
  Counter& target_;
  const std::unique_ptr<internal::Passage> one_;
  const std::unique_ptr<internal::Passage> up_;
  const std::unique_ptr<internal::Passage> sum_;
  const std::unique_ptr<internal::Passage> echo_;
};

inline Service ServeCounter(Counter& counter) {
  Service service;
  internal::ServeUnary<&Counter::One, Number>(service, kOne, counter);
  internal::ServeServerStreaming<&Counter::Up, Number>(service, kUp, counter);
  internal::ServeClientStreaming<&Counter::Sum, Number>(service, kSum, counter);
  internal::ServeBidirectional<&Counter::Echo, Number>(service, kEcho, counter);
  return service;
}

// Adds one; counts up, one a second; sums; echoes. Fails where a number is negative.
class CountingCounter : public Counter {
 public:
  Task<Number> One(Number request) override {
    ++ones;
    if (request.value() < 0) co_return absl::OutOfRangeError("negative");
    co_return Of(request.value() + 1);
  }
  Stream<Number> Up(Number request) override {
    for (int i = 1; i <= request.value(); ++i) {
      co_await Sleep(absl::Seconds(1));
      co_yield Of(i);
    }
    if (request.value() < 0) co_await absl::OutOfRangeError("negative");
  }
  Task<Number> Sum(Stream<Number> requests) override {
    int sum = 0;
    while (std::optional<Number> request = co_await requests.Next()) sum += request->value();
    if (sum < 0) co_return absl::OutOfRangeError("negative");
    co_return Of(sum);
  }
  Stream<Number> Echo(Stream<Number> requests) override {
    while (std::optional<Number> request = co_await requests.Next()) {
      if (request->value() < 0) co_await absl::OutOfRangeError("negative");
      co_yield *std::move(request);
    }
  }
  int ones = 0;
};

}  // namespace chains
