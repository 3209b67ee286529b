// TestLoop: a loop on the test's own thread, with sockets and a clock that the test moves.
#pragma once

#include <optional>
#include <poll.h>

#include "absl/time/time.h"
#include "chains/core/local_loop.h"
#include "gateway/http/socket_loop.h"

namespace chains::gateway {

class TestLoop final : public LocalLoop {
 public:
  explicit TestLoop(WorkerPool& workers) : LocalLoop(workers) { EnterThread(); }

  SocketLoop& sockets() { return sockets_; }
  absl::Time Now() const override { return now_; }
  absl::Time CoarseNow() const override { return now_; }

  // Runs until nothing is left to do now: no socket is ready, no job is listed, no timer is due.
  void Settle() {
    for (int quiet = 0; quiet < 3; ++quiet) {
      pollfd descriptor{.fd = sockets_.fd(), .events = POLLIN, .revents = 0};
      if (poll(&descriptor, 1, 1) > 0) quiet = 0;
      sockets_.Poll();
      while (Turn()) quiet = 0;
    }
  }
  void Advance(absl::Duration duration) {
    now_ += duration;
    Settle();
  }

 protected:
  // RunUntil() looks at the sockets too; threads of the pool wake it at the next look.
  void Idle(std::optional<absl::Time>) override {
    pollfd descriptor{.fd = sockets_.fd(), .events = POLLIN, .revents = 0};
    poll(&descriptor, 1, 1);
    sockets_.Poll();
    WaitForWake(absl::UnixEpoch());
  }

 private:
  SocketLoop sockets_;
  absl::Time now_ = absl::FromUnixSeconds(1800000000);
};

}  // namespace chains::gateway
