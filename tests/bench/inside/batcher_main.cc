// bench-batcher: calls of a Batcher in closed loops, from several threads. Its function stands for
// a kernel on a device: it takes 5 ms whatever the batch, and no processor. Prints a line of JSON.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "chains/batch/batcher.h"
#include "chains/core/local_loop.h"
#include "chains/core/root.h"
#include "chains/core/timing.h"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;
using Kernel = chains::Batcher<int, int>;

struct Settings {
  chains::BatchOptions batch;
  int callers = 16;
  int loops = 2;
  double seconds = 0.6;
  double warm_up = 0.2;
};

constexpr double kKernelMilliseconds = 5;

// By how much each run of the kernel came late: what the machine adds to everything.
class Lateness {
 public:
  void Add(double milliseconds) {
    std::lock_guard lock(mutex_);
    all_.push_back(milliseconds);
  }
  std::vector<double> Sorted() {
    std::lock_guard lock(mutex_);
    std::sort(all_.begin(), all_.end());
    return all_;
  }

 private:
  std::mutex mutex_;
  std::vector<double> all_;
};

chains::Task<Kernel::Replies> RunKernel(Lateness& late, std::vector<int> requests) {
  const Clock::time_point begun = Clock::now();
  co_await chains::Sleep(absl::Milliseconds(kKernelMilliseconds));
  late.Add(Milliseconds(Clock::now() - begun).count() - kKernelMilliseconds);
  Kernel::Replies replies;
  for (int request : requests) replies.push_back(2 * request);
  co_return replies;
}

// What counts: calls that end within it.
struct Period {
  Clock::time_point begin;
  Clock::time_point end;
};

// Calls until the period ends, one after the other.
chains::Task<void> CallOften(Kernel& kernel, const Period& period, std::vector<double>& latencies) {
  while (Clock::now() < period.end) {
    const Clock::time_point begun = Clock::now();
    const int doubled = co_await kernel.Run(21);
    const Clock::time_point ended = Clock::now();
    if (doubled != 42) co_await absl::InternalError("the kernel gave another caller's reply");
    if (ended < period.begin || ended > period.end) continue;
    latencies.push_back(Milliseconds(ended - begun).count());
  }
}

// Callers on a loop of its own.
class CallingThread {
 public:
  CallingThread(Kernel& kernel, const Period& period, int callers)
      : thread_([this, &kernel, &period, callers] { Run(kernel, period, callers); }) {}
  // Once all have ended.
  std::vector<double> Join() {
    thread_.join();
    return std::move(latencies_);
  }
  const absl::Status& failure() const { return failure_; }

 private:
  void Run(Kernel& kernel, const Period& period, int callers) {
    chains::WorkerPool workers;
    chains::LocalLoop loop(workers);
    int running = callers;
    std::vector<std::unique_ptr<chains::internal::Root<void>>> roots;
    for (int i = 0; i < callers; ++i) {
      roots.push_back(std::make_unique<chains::internal::Root<void>>(
          loop, chains::Context(), CallOften(kernel, period, latencies_), [&](const auto& outcome) {
            if (!outcome.ok()) failure_ = outcome.status();
            --running;
          }));
      roots.back()->Start();
    }
    loop.RunUntil([&] { return running == 0 && loop.hosted() == 0; });
  }

  std::vector<double> latencies_;
  absl::Status failure_;
  std::thread thread_;
};

double Percentile(const std::vector<double>& sorted, double part) {
  return sorted[static_cast<size_t>(part * static_cast<double>(sorted.size() - 1))];
}

int Measure(const Settings& settings) {
  Lateness late;
  auto kernel = Kernel::Create(settings.batch, [&late](std::vector<int> requests) {
    return RunKernel(late, std::move(requests));
  });
  if (!kernel.ok()) {
    std::fprintf(stderr, "bench-batcher: %s\n", kernel.status().ToString().c_str());
    return 2;
  }
  const auto seconds = [](double count) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(count));
  };
  Period period{.begin = Clock::now() + seconds(settings.warm_up), .end = {}};
  period.end = period.begin + seconds(settings.seconds);
  std::vector<std::unique_ptr<CallingThread>> threads;
  for (int i = 0; i < settings.loops; ++i) {
    const int callers =
        settings.callers * (i + 1) / settings.loops - settings.callers * i / settings.loops;
    threads.push_back(std::make_unique<CallingThread>(**kernel, period, callers));
  }
  std::vector<double> latencies;
  for (const auto& thread : threads) {
    for (double each : thread->Join()) latencies.push_back(each);
    if (thread->failure().ok()) continue;
    std::fprintf(stderr, "bench-batcher: %s\n", thread->failure().ToString().c_str());
    return 1;
  }
  if (latencies.empty()) {
    std::fprintf(stderr, "bench-batcher: no call began and ended in %g s\n", settings.seconds);
    return 1;
  }
  std::sort(latencies.begin(), latencies.end());
  const chains::BatchCounts counts = (*kernel)->counts();
  std::printf(
      "{\"per_second\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"late_p99_ms\": %.3f, "
      "\"batch\": %.2f}\n",
      static_cast<double>(latencies.size()) / settings.seconds, Percentile(latencies, 0.5),
      Percentile(latencies, 0.99), Percentile(late.Sorted(), 0.99),
      static_cast<double>(counts.members) / static_cast<double>(counts.batches));
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  bench::Settings settings;
  double max_wait_ms = 2;
  CLI::App app("Calls of a batched kernel of 5 ms, in closed loops.");
  app.add_option("--max-batch", settings.batch.max_batch);
  app.add_option("--max-wait-ms", max_wait_ms);
  app.add_option("--callers", settings.callers)->check(CLI::PositiveNumber);
  app.add_option("--loops", settings.loops)->check(CLI::PositiveNumber);
  app.add_option("--seconds", settings.seconds)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  settings.batch.max_wait = absl::Milliseconds(max_wait_ms);
  return bench::Measure(settings);
}
