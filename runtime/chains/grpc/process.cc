#include "chains/grpc/process.h"

#include <csignal>

#include "absl/synchronization/mutex.h"

namespace chains {

void PrepareProcess() {
  std::signal(SIGPIPE, SIG_IGN);
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

}  // namespace chains
