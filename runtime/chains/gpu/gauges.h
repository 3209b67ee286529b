// Gauges: what the devices that this process uses are at, for its metrics.
//
//   gpu::Gauges gauges;
//   for (const gpu::DeviceGauges& device : gauges.Collect(absl::Now())) …
//
// Empty in a process that uses no GPU. A gateway shows it at /metrics (gateway/app/gpu_metrics.h).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "chains/gpu/module.h"

namespace chains::gpu {

struct DeviceGauges {
  int index = 0;
  std::string type;  // "A10G"; its maker's name where it is none of the declared types
  std::string id;
  int64_t memory_used = 0;  // by anybody, in bytes
  int64_t memory_total = 0;
  double busy_seconds = 0;  // that this process' work took on it, added over streams
  double utilization = 0;   // what of the time since the last Collect() that was: 0 … 1
  int64_t queue = 0;        // coroutines that wait for work
  int64_t device_used = 0;  // of Workers' memory: in use, and kept for the next
  int64_t device_kept = 0;
  int64_t pinned_used = 0;
  int64_t pinned_kept = 0;
};

// For one thread at a time.
class Gauges {
 public:
  // A device that does not answer is left out; its health says why.
  std::vector<DeviceGauges> Collect(absl::Time now);

 private:
  struct Last {
    absl::Time when;
    int64_t busy_nanoseconds;
  };
  std::map<std::pair<const Module*, int>, Last> last_;
};

}  // namespace chains::gpu
