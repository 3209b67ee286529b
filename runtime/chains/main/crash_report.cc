#include "chains/main/crash_report.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <execinfo.h>
#include <ucontext.h>

#include "absl/debugging/failure_signal_handler.h"
#include "absl/debugging/stacktrace.h"
#include "absl/debugging/symbolize.h"

namespace chains::internal {
namespace {

constexpr int kMostFrames = 128;

// Where the thread was when the signal came; null where this is not known.
const void* InterruptedAt(const void* context) {
  if (context == nullptr) return nullptr;
  const mcontext_t& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return reinterpret_cast<const void*>(machine.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return reinterpret_cast<const void*>(machine.pc);
#else
  static_cast<void>(machine);
  return nullptr;
#endif
}

// Abseil follows frame pointers, which neither our code nor glibc has. Frames above the one that
// was interrupted are the handler's own.
int Unwind(void** frames, int* sizes, int most, int skipped, const void* context, int* dropped) {
  std::array<void*, kMostFrames> all;
  const int depth = backtrace(all.data(), kMostFrames);
  void** const end = all.data() + depth;
  void** begin = std::find(all.data(), end, InterruptedAt(context));
  if (begin == end) begin = std::min(end, all.data() + 1 + skipped);
  const int count = std::min(most, static_cast<int>(end - begin));
  std::copy_n(begin, count, frames);
  if (sizes != nullptr) std::fill_n(sizes, count, 0);
  if (dropped != nullptr) *dropped = static_cast<int>(end - begin) - count;
  return count;
}

}  // namespace

void ReportCrashes() {
  // The first time loads a library, which a handler must not.
  void* here = nullptr;
  backtrace(&here, 1);
  absl::SetStackUnwinder(Unwind);
  absl::InitializeSymbolizer("/proc/self/exe");
  absl::InstallFailureSignalHandler(absl::FailureSignalHandlerOptions());
  // Abseil takes it for a crash, too.
  std::signal(SIGTERM, SIG_DFL);
}

}  // namespace chains::internal
