// FaultyChannel: a Channel with faults that a test asks for.
//
//   chains::testing::FaultyChannel channel(loopback);
//   channel.Inject(1, Fault::Fails(absl::UnavailableError("gone")));    // the first call
//   channel.Inject(2, Fault::Delays(absl::Seconds(5)));                 // on the loop's time
//   channel.InjectAll(Fault::NeverAnswers());                           // all others
//   …
//   EXPECT_EQ(channel.calls(), 3);
//   EXPECT_EQ(channel.in_flight(), 1);
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/contract/channel.h"
#include "chains/testing/probe.h"

namespace chains::testing {

// What goes wrong with one call.
class Fault {
 public:
  // The callee is not reached.
  static Fault Fails(absl::Status status);
  // The call reaches the callee after `duration`.
  static Fault Delays(absl::Duration duration);
  // The callee is not reached, and no answer comes until the call is dropped.
  static Fault NeverAnswers();
  // One bit of every message of the answer is another.
  static Fault Corrupts();
  // A streaming call fails after so many messages of the answer; a unary one does so instead of it.
  // The callee may have done its work.
  static Fault FailsAfter(size_t messages, absl::Status status);

 private:
  friend class FaultyChannel;
  absl::Duration delay_ = absl::ZeroDuration();
  absl::Status instead_;
  bool corrupts_ = false;
  std::optional<size_t> messages_;
  absl::Status after_messages_;
};

// For one loop's coroutines.
class FaultyChannel final : public Channel {
 public:
  // `inner` outlives it.
  explicit FaultyChannel(Channel& inner) : inner_(inner) {}

  // For the `call`-th call from now on, counted from 1 since the beginning, of either kind.
  void Inject(int call, Fault fault);
  // For every call without a fault of its own; nullopt heals.
  void InjectAll(std::optional<Fault> fault) { every_call_ = std::move(fault); }

  // Calls that began, that have not ended yet, and that were dropped before they ended.
  int calls() const { return calls_; }
  int in_flight() const { return in_flight_; }
  int dropped() const { return dropped_; }
  // Arrives with each call: `co_await channel.began().AtLeast(3)`.
  Probe& began() { return began_; }

  Task<Bytes> Unary(const Method& method, Bytes request) override;
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override;

 private:
  class Call;
  Fault Next();

  Channel& inner_;
  std::map<int, Fault> faults_;
  std::optional<Fault> every_call_;
  int calls_ = 0;
  int in_flight_ = 0;
  int dropped_ = 0;
  Probe began_;
};

}  // namespace chains::testing
