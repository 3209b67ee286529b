// Counting: an implementation of numbers.proto that a test looks into.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "chains/core/notice.h"
#include "chains/core/task.h"
#include "chains/core/timing.h"
#include "numbers.chains.h"

namespace chains::gateway {

class Counting final : public numbers::Numbers {
 public:
  Stream<numbers::Item> RunRemote(numbers::CountRequest request) override {
    return Count(*this, std::move(request));
  }
  Stream<numbers::Item> Draw(numbers::CountRequest request) override {
    return Count(*this, std::move(request));
  }
  Task<numbers::Number> Square(numbers::SquareRequest request) override {
    double result = request.number() * request.number();
    for (const int offset : request.offsets()) result += offset;
    numbers::Number number;
    number.set_result(request.negated() ? -result : result);
    co_return number;
  }
  Task<numbers::Number> Sum(Stream<numbers::Number> terms) override {
    numbers::Number sum;
    while (holds) co_await released.Wait();
    while (std::optional<numbers::Number> term = co_await terms.Next()) {
      ++taken;
      sum.set_result(sum.result() + term->result());
      if (term->result() < 0) co_await absl::OutOfRangeError("negative");
    }
    co_return sum;
  }
  Stream<numbers::Number> Double(Stream<numbers::Number> terms) override {
    const Alive alive(live);
    while (std::optional<numbers::Number> term = co_await terms.Next()) {
      ++taken;
      term->set_result(2 * term->result());
      co_yield std::move(*term);
    }
  }

  bool holds = false;  // Sum() takes nothing until it is released
  Notice released;
  std::atomic<int> made = 0;       // items
  int taken = 0;                   // terms
  std::atomic<int> live = 0;       // calls that stream
  bool marks = false;              // whether it writes down
  std::vector<const char*> texts;  // where each item's text is
  int calls = 0;

 private:
  struct Alive {
    explicit Alive(std::atomic<int>& count) : live(count) { ++live; }
    Alive(const Alive&) = delete;
    ~Alive() { --live; }
    std::atomic<int>& live;
  };

  static Stream<numbers::Item> Count(Counting& self, numbers::CountRequest request) {
    ++self.calls;
    const Alive alive(self.live);
    for (int i = 1; i <= request.to(); ++i) {
      if (request.seconds() > 0) co_await Sleep(absl::Seconds(request.seconds()));
      if (request.has_fail_after() && i > request.fail_after()) {
        co_await absl::AbortedError("had enough");
      }
      numbers::Item item;
      item.set_number(i);
      item.set_text(std::string(static_cast<size_t>(request.text_bytes()), 'x'));
      ++self.made;
      if (self.marks) self.texts.push_back(item.text().data());
      co_yield std::move(item);
    }
  }
};

// Hands on what another one counts.
class Relaying final : public numbers::Relay {
 public:
  explicit Relaying(numbers::Numbers& numbers) : numbers_(numbers) {}
  Stream<numbers::Item> RunRemote(numbers::CountRequest request) override {
    Stream<numbers::Item> items = numbers_.RunRemote(std::move(request));
    while (std::optional<numbers::Item> item = co_await items.Next()) co_yield std::move(*item);
  }

 private:
  numbers::Numbers& numbers_;
};

}  // namespace chains::gateway
