// A channel to one replica that answers as its test says, and counts.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/contract/channel.h"
#include "chains/contract/sends_back.h"
#include "chains/core/timing.h"

namespace chains::testing {

// What the replica does, and what was done to it.
struct Script {
  absl::Duration hold = absl::Milliseconds(1);  // how long a call takes
  absl::Status status;
  bool unreachable = false;  // calls do not leave
  int calls = 0;
  int in_flight = 0;
  int most_in_flight = 0;
  int dropped = 0;
  int further_attempts = 0;
  ServerLoad load;
};

class ScriptedChannel final : public Channel, public SendsBack {
 public:
  explicit ScriptedChannel(Script& script) : script_(script) {}
  Task<Bytes> Unary(const Method&, Bytes request) override {
    chains::internal::Here::Place here = co_await chains::internal::Here();
    if (here.context().further_attempt()) ++script_.further_attempts;
    Call call(script_);
    co_await Sleep(script_.hold);
    call.ended = true;
    co_await script_.status;
    co_return request;
  }
  Stream<Bytes> Streaming(const Method&, Stream<Bytes> requests) override {
    Call call(script_);
    while (std::optional<Bytes> request = co_await requests.Next()) co_yield *std::move(request);
    call.ended = true;
    co_await script_.status;
  }
  Task<Bytes> UnaryOrBack(const Method& method, Bytes request,
                          std::optional<Bytes>& unsent) override {
    if (!script_.unreachable) return Unary(method, std::move(request));
    ++script_.calls;
    unsent = std::move(request);
    return chains::Done<Bytes>(absl::UnavailableError("there is no connection"));
  }
  const ServerLoad* server_load() const override { return &script_.load; }

 private:
  struct Call {
    explicit Call(Script& of) : script(of) {
      ++script.calls;
      script.most_in_flight = std::max(script.most_in_flight, ++script.in_flight);
    }
    ~Call() {
      --script.in_flight;
      if (!ended) ++script.dropped;
    }
    Script& script;
    bool ended = false;
  };
  Script& script_;
};

inline constexpr Method kIdempotent = {
    .chainlet = "t.T", .name = "Run", .path = "/t.T/Run", .idempotent = true};
inline constexpr Method kOnce = {.chainlet = "t.T", .name = "Once", .path = "/t.T/Once"};
inline constexpr Method kEach = {
    .chainlet = "t.T", .name = "Each", .path = "/t.T/Each", .kind = MethodKind::kBidirectional};

}  // namespace chains::testing
