#include "tests/bench/callers/closed_loop.h"

#include <cstdio>
#include <cstdlib>

#include "CLI/CLI.hpp"
#include "deploy/load/processor_time.h"

namespace bench {
CallerOptions ParseCaller(int argc, char** argv) {
  CallerOptions options;
  CLI::App app("calls a server of the bench in a closed loop");
  app.add_option("kind", options.kind)
      ->required()
      ->check(CLI::IsMember({"echo", "hello-all", "repeat"}));
  app.add_option("address", options.address)->required();
  app.add_option("--in-flight", options.in_flight)->check(CLI::Range(1, 10000));
  app.add_option("--calls", options.calls)->check(CLI::NonNegativeNumber);
  app.add_option("--seconds", options.seconds)->check(CLI::Range(0.01, 600.0));
  app.add_option("--warm-up", options.warm_up)->check(CLI::NonNegativeNumber);
  app.add_option("--size", options.size)->check(CLI::Range(0, 100'000'000));
  app.add_flag("--alone", options.alone);
  app.add_option("--items", options.items)->check(CLI::Range(0, 100'000'000));
  app.add_option("--pid", options.pids, "whose processor time is told, too");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  return options;
}

ClosedLoop::ClosedLoop(const CallerOptions& options) : options_(options) {
  if (options.warm_up == 0) Begin();
}

void ClosedLoop::Begin() {
  measuring_ = true;
  cpu_begin_ = chains::load::ProcessorTimes(options_.pids);
  begin_ = Clock::now();
}

bool ClosedLoop::Next() {
  if (over_) return false;
  if (options_.calls > 0 && started_ == options_.calls + options_.warm_up) return false;
  ++started_;
  return true;
}

void ClosedLoop::Done(bool ok, const std::string& failure) {
  if (!ok && failure_.empty()) failure_ = failure;
  if (over_ || !ok) {
    over_ = true;
    return;
  }
  ++ended_;
  if (!measuring_) {
    if (ended_ >= options_.warm_up) Begin();
    return;
  }
  ++measured_;
  const bool enough =
      options_.calls > 0 ? measured_ == options_.calls
                         : Clock::now() - begin_ >= std::chrono::duration<double>(options_.seconds);
  if (!enough) return;
  over_ = true;
  end_ = Clock::now();
  cpu_end_ = chains::load::ProcessorTimes(options_.pids);
}

int ClosedLoop::Report() const {
  if (failed()) {
    std::fprintf(stderr, "%s %s: %s\n", options_.kind.c_str(), options_.address.c_str(),
                 failure_.c_str());
    return 1;
  }
  const double seconds = std::chrono::duration<double>(end_ - begin_).count();
  const double calls = static_cast<double>(measured_);
  std::printf("{\"calls\": %.0f, \"per_second\": %.1f, \"cpu_us\": [", calls, calls / seconds);
  for (size_t i = 0; i < cpu_begin_.size(); ++i) {
    std::printf("%s%.3f", i == 0 ? "" : ", ",
                absl::ToDoubleMicroseconds(cpu_end_[i] - cpu_begin_[i]) / calls);
  }
  std::printf("]}\n");
  return 0;
}

}  // namespace bench
