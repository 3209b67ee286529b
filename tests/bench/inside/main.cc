// bench-inside ROUNDS: what is timed within one process, as a list in JSON.
// bench-inside NAME ours|floor TIMES: does one of them so often, for callgrind to count.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "chains/grpc/process.h"
#include "tests/bench/inside/timing.h"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kRoundNanoseconds = 5e7;

double Nanoseconds(const std::function<void(int64_t)>& work, int64_t times) {
  const Clock::time_point begin = Clock::now();
  work(times);
  const std::chrono::duration<double, std::nano> taken = Clock::now() - begin;
  return taken.count() / static_cast<double>(times);
}

// How often the work fits into a round; warms up on the way.
int64_t TimesFor(const std::function<void(int64_t)>& work) {
  int64_t times = 1;
  double each = Nanoseconds(work, times);
  while (each * static_cast<double>(times) < kRoundNanoseconds / 10) {
    times *= 4;
    each = Nanoseconds(work, times);
  }
  return std::max<int64_t>(1, static_cast<int64_t>(kRoundNanoseconds / each));
}

void Print(const std::vector<double>& values) {
  std::printf("[");
  for (size_t i = 0; i < values.size(); ++i) std::printf("%s%.1f", i == 0 ? "" : ", ", values[i]);
  std::printf("]");
}

// What is to be done instead of timing all.
struct Only {
  std::string name;  // empty: all are timed
  bool ours = true;
  int64_t times = 0;
} only;

}  // namespace

Timed TimeBoth(const std::string& name, int rounds, const std::function<void(int64_t)>& ours,
               const std::function<void(int64_t)>& floor) {
  if (!only.name.empty()) {
    if (name == only.name) (only.ours ? ours : floor)(only.times);
    return {};
  }
  Timed timed{.name = name, .ours = {}, .floor = {}};
  const int64_t times = TimesFor(ours);
  const int64_t floor_times = TimesFor(floor);
  for (int round = 0; round < rounds; ++round) {
    timed.ours.push_back(Nanoseconds(ours, times));
    timed.floor.push_back(Nanoseconds(floor, floor_times));
  }
  return timed;
}

}  // namespace bench

int main(int argc, char** argv) {
  chains::PrepareProcess();
  if (argc == 4) {
    bench::only = {
        .name = argv[1], .ours = std::string(argv[2]) == "ours", .times = std::atoll(argv[3])};
  }
  const int rounds = argc == 2 ? std::max(1, std::atoi(argv[1])) : 5;
  std::vector<bench::Timed> all = bench::TimeCalls(rounds);
  for (bench::Timed& timed : bench::TimeJson(rounds)) all.push_back(std::move(timed));
  if (argc == 4) return 0;
  std::printf("[");
  for (size_t i = 0; i < all.size(); ++i) {
    std::printf("%s{\"name\": \"%s\", \"ours\": ", i == 0 ? "" : ", ", all[i].name.c_str());
    bench::Print(all[i].ours);
    std::printf(", \"floor\": ");
    bench::Print(all[i].floor);
    std::printf("}");
  }
  std::printf("]\n");
}
