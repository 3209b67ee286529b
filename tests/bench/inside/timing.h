// What is timed in one process: a piece of work and its floor, in turn.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bench {

struct Timed {
  std::string name;
  // Nanoseconds of each round.
  std::vector<double> ours;
  std::vector<double> floor;
};

// Runs both `rounds` times, A B A B, each often enough for about 50 ms, after one that is not
// counted. They are given how often to do their work.
Timed TimeBoth(const std::string& name, int rounds, const std::function<void(int64_t)>& ours,
               const std::function<void(int64_t)>& floor);

// Keeps the compiler from leaving out what nobody reads.
template <typename T>
void Keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

std::vector<Timed> TimeCalls(int rounds);
std::vector<Timed> TimeJson(int rounds);

}  // namespace bench
