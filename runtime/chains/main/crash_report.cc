#include "chains/main/crash_report.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <execinfo.h>
#include <iterator>
#include <new>
#include <string_view>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#include "absl/debugging/failure_signal_handler.h"
#include "absl/debugging/stacktrace.h"
#include "absl/debugging/symbolize.h"

// Of mimalloc, which this library does not need: null in programs without it.
extern "C" [[gnu::weak]] void mi_register_error(void (*tell)(int error, void* argument),
                                                void* argument);

namespace chains::internal {
namespace {

constexpr int kMostFrames = 128;

// Set once memory was asked for in vain: what the soft limit was then.
std::atomic<rlim_t> used_up{0};

// All of it is called where there is no memory, and within a handler of signals.

rlim_t SoftLimit() {
  rlimit limit{};
  return getrlimit(RLIMIT_DATA, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

// What there is between soft and hard limit is for the report.
void MakeRoom() {
  rlimit limit{};
  if (getrlimit(RLIMIT_DATA, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_DATA, &limit);
}

// Of mimalloc, where the program has it, which then ends the program; and of operator new
// elsewhere.
void NoteMemoryError(int error, void*) {
  rlim_t nobody = 0;
  if (error == ENOMEM) used_up.compare_exchange_strong(nobody, SoftLimit());
}
[[noreturn]] void OutOfMemory() {
  NoteMemoryError(ENOMEM, nullptr);
  std::abort();
}

void Say(std::string_view text) {
  if (write(STDERR_FILENO, text.data(), text.size()) < 0) return;
}

// After the stack, so that it is among the last lines, which are shown first.
void SayWhetherMemoryWasUsedUp(const char* text) {
  const rlim_t limit = used_up.load();
  if (text != nullptr || limit == 0) return;
  if (limit == RLIM_INFINITY) return Say("out of memory: the machine gave no more\n");
  char digits[24];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), limit >> 20).ptr;
  Say("out of memory: of the ");
  Say({digits, static_cast<size_t>(end - digits)});
  Say(" MiB that this process may reserve (what its chainlets declare, and the runtime's) there is "
      "nothing left; declare more: Resources{.memory}\n");
}

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
  MakeRoom();
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
  absl::FailureSignalHandlerOptions options;
  options.writerfn = SayWhetherMemoryWasUsedUp;
  absl::InstallFailureSignalHandler(options);
  std::set_new_handler(OutOfMemory);
  if (mi_register_error != nullptr) mi_register_error(NoteMemoryError, nullptr);
  // Abseil takes it for a crash, too.
  std::signal(SIGTERM, SIG_DFL);
}

}  // namespace chains::internal
