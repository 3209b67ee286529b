// An Edge that does as its test says, and a Context whose deadline is earlier than its timeout.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "chains/contract/edge.h"
#include "chains/core/gate.h"
#include "chains/testing/fake_clock.h"

namespace chains {

class FakeEdge final : public Edge {
 public:
  std::unique_ptr<internal::Passage> PassageOf(const Method& method) override {
    return std::make_unique<Way>(*this, method);
  }

  absl::Status refusal;
  absl::Duration timeout = absl::Minutes(1);
  absl::Duration pause = absl::Seconds(1);
  int attempts = 1;
  std::optional<Gate> limit;
  std::vector<std::string> log;
  int entered_at_once = 0;
  int decisions = 0;  // about further attempts

 private:
  class Way final : public internal::Passage {
   public:
    Way(FakeEdge& edge, const Method& method) : edge_(edge), method_(method) {}

    absl::StatusOr<Context> Enter(const Context& caller, absl::Time now) override {
      if (!edge_.refusal.ok()) return edge_.refusal;
      return caller.WithDeadline(now + edge_.timeout);
    }
    Gate* gate() override { return edge_.limit ? &*edge_.limit : nullptr; }
    void Started() override { edge_.log.push_back(std::string(method_.name)); }
    void Ended(absl::StatusCode code) override {
      edge_.log.push_back(absl::StatusCodeToString(code));
    }
    bool LastAttempt(int made) const override { return made >= edge_.attempts; }
    std::optional<absl::Duration> RetryAfter(const absl::Status&, int made) override {
      ++edge_.decisions;
      if (made >= edge_.attempts) return std::nullopt;
      return edge_.pause;
    }
    absl::Status Describe(const absl::Status& failure, int made) override {
      return absl::Status(failure.code(), absl::StrCat(std::string(method_.name), ", attempt ",
                                                       made, ": ", failure.message()));
    }

   private:
    bool TryEnterByItself(const Context& caller, absl::Time earliest_now) override {
      if (!edge_.refusal.ok() || caller.deadline() > earliest_now + edge_.timeout) return false;
      if (edge_.limit && !edge_.limit->TakePlace()) return false;
      ++edge_.entered_at_once;
      Started();
      return true;
    }
    void LeaveByItself(absl::StatusCode code) override {
      Ended(code);
      if (edge_.limit) edge_.limit->LeavePlace();
    }

    FakeEdge& edge_;
    const Method& method_;
  };
};

inline Context Soon(const testing::FakeClock& clock) {
  return Context().WithDeadline(clock.Now() + absl::Seconds(30));
}

}  // namespace chains
