#include "chains/main/crash_report.h"

#include <csignal>

#include "absl/debugging/failure_signal_handler.h"
#include "absl/debugging/symbolize.h"

namespace chains::internal {

void ReportCrashes() {
  absl::InitializeSymbolizer("/proc/self/exe");
  absl::InstallFailureSignalHandler(absl::FailureSignalHandlerOptions());
  // Abseil takes it for a crash, too.
  std::signal(SIGTERM, SIG_DFL);
}

}  // namespace chains::internal
