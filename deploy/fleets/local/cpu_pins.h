// CpuPins: which CPUs each replica may run on, where replicas are to have CPUs of their own.
//
//   CpuPins pins(CpusOfThisThread());
//   pins.Add("a", 2);                    // gets two for itself
//   pins.Add("b", 0.5);                  // shares what nobody has for himself
//   for (const auto& [who, pid] : pids) RestrictProcess(pid, pins.Of(who));
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace chains::deploy {

using CpuSet = std::vector<int>;  // numbers of CPUs, ascending

struct PinnedCpus {
  std::vector<CpuSet> own;  // of each replica; empty: it runs on `shared`
  CpuSet shared;
};
// Which CPUs replicas that want `wanted` of them get. One that wants a whole number gets as many
// for itself, those that came first served first, as long as one is left that the others share. Who
// has some for himself already (`own`, of which there may be fewer; empty: none) keeps them. Pure.
PinnedCpus PinCpus(const CpuSet& all, const std::vector<double>& wanted,
                   const std::vector<CpuSet>& own);

// The same for replicas that come and go. Not thread-safe.
class CpuPins {
 public:
  explicit CpuPins(CpuSet all) : all_(std::move(all)) { Share(); }

  // Others may run on other CPUs now.
  void Add(std::string who, double wanted);
  void Remove(const std::string& who);
  // Where `who` runs; for who is unknown, where those without CPUs of their own do.
  const CpuSet& Of(const std::string& who) const;

 private:
  void Share();

  CpuSet all_;
  // In the order in which they came.
  std::vector<std::string> who_;
  std::vector<double> wanted_;
  PinnedCpus pinned_;
};

// Where this thread may run; empty where that is not known.
CpuSet CpusOfThisThread();
// Where this thread runs from now on, and processes that it starts.
void RestrictThisThread(const CpuSet& cpus);
// All threads of a process. One that ended meanwhile is left aside.
void RestrictProcess(int pid, const CpuSet& cpus);

}  // namespace chains::deploy
