#include "chains/grpc/process.h"

#include <csignal>
#include <cstdlib>
#include <malloc.h>

#include "absl/synchronization/mutex.h"
#include "chains/core/hardening.h"

namespace chains {
namespace {

// glibc gives memory back to the kernel whenever 128 KiB at the end of a thread's arena are free,
// and asks for every larger message anew. A reactor would do that all day: at 12,000 requests a
// second with three calls each, 3.3 page faults a request and twice the CPU.
constexpr int kTrimThresholdBytes = 32 * 1024 * 1024;
constexpr int kMapThresholdBytes = 8 * 1024 * 1024;
constexpr int kTopPadBytes = 1024 * 1024;

void KeepMemory() {
  mallopt(M_TRIM_THRESHOLD, kTrimThresholdBytes);
  mallopt(M_MMAP_THRESHOLD, kMapThresholdBytes);
  mallopt(M_TOP_PAD, kTopPadBytes);
}

}  // namespace

void PrepareProcess(Secrets secrets) {
  // A system that does not permit it is no reason not to start.
  if (secrets == Secrets::kHeld && internal::HardeningIsOn(/*by_default=*/true)) {
    internal::KeepOutOfCores().IgnoreError();
  }
  KeepMemory();
  std::signal(SIGPIPE, SIG_IGN);
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

void KeepReactorsApart() { setenv("GRPC_POLL_STRATEGY", "poll", /*overwrite=*/0); }

sigset_t BlockEndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

}  // namespace chains
