// Capacity: what of this machine chainlets may have. Memory and GPUs are given to one replica at a
// time; CPUs are shares, of which more may be promised than there are. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/v1/manifest.pb.h"

namespace chains::deploy {

struct Capacity {
  double cpus = 0;
  int64_t memory_bytes = 0;
  int gpus = 0;
};

// What the machine has: its processors, its memory, and the GPUs that NVIDIA's driver lists.
Capacity CapacityOfThisMachine();

// Whether a replica that may run without a GPU does so on this machine, because it has fewer of
// them than the replica asks for. That others have them now is no reason: it waits for those. Pure.
bool RunsOnCpus(const v1::Resources& resources, const Capacity& capacity);

// What replicas have been given.
class Reserved {
 public:
  void Add(const v1::Resources& resources, const std::vector<int>& gpus);
  // The numbers of the GPUs that one replica more would get. RESOURCE_EXHAUSTED: there is no room
  // now, and of what.
  absl::StatusOr<std::vector<int>> MakeRoom(const v1::Resources& resources,
                                            const Capacity& capacity) const;

  double cpus() const { return cpus_; }
  int64_t memory_bytes() const { return memory_bytes_; }
  int gpus() const { return static_cast<int>(gpus_.size()); }

 private:
  double cpus_ = 0;
  int64_t memory_bytes_ = 0;
  std::set<int> gpus_;
};

// FAILED_PRECONDITION shows the sum when one replica of each of `parts` could never be here at
// once.
absl::Status CheckCanFit(const std::vector<v1::Resources>& parts, const Capacity& capacity);

// "1.5 GiB".
std::string MemoryText(int64_t bytes);

}  // namespace chains::deploy
