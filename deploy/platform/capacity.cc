#include "deploy/platform/capacity.h"

#include <filesystem>
#include <system_error>
#include <thread>
#include <unistd.h>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

int GpusOfDriver() {
  std::error_code error;
  int count = 0;
  // A loop over the iterator would throw.
  for (std::filesystem::directory_iterator each("/proc/driver/nvidia/gpus", error), end;
       !error && each != end; each.increment(error)) {
    std::error_code gone;
    count += each->is_directory(gone) ? 1 : 0;
  }
  return count;
}

}  // namespace

Capacity CapacityOfThisMachine() {
  return {.cpus = static_cast<double>(std::thread::hardware_concurrency()),
          .memory_bytes = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE),
          .gpus = GpusOfDriver()};
}

std::string MemoryText(int64_t bytes) {
  constexpr double kMiB = 1 << 20;
  constexpr double kGiB = 1 << 30;
  const double size = static_cast<double>(bytes);
  return size >= kGiB ? absl::StrFormat("%.3g GiB", size / kGiB)
                      : absl::StrFormat("%.4g MiB", size / kMiB);
}

bool RunsOnCpus(const v1::Resources& resources, const Capacity& capacity) {
  return resources.gpu_optional() && resources.gpu_count() > capacity.gpus;
}

void Reserved::Add(const v1::Resources& resources, const std::vector<int>& gpus) {
  cpus_ += resources.cpus();
  memory_bytes_ += resources.memory_bytes();
  gpus_.insert(gpus.begin(), gpus.end());
}

absl::StatusOr<std::vector<int>> Reserved::MakeRoom(const v1::Resources& resources,
                                                    const Capacity& capacity) const {
  if (memory_bytes_ + resources.memory_bytes() > capacity.memory_bytes) {
    return absl::ResourceExhaustedError(
        Text("it asks for ", MemoryText(resources.memory_bytes()), " of memory, and of ",
             MemoryText(capacity.memory_bytes), " others have ", MemoryText(memory_bytes_)));
  }
  std::vector<int> given;
  if (RunsOnCpus(resources, capacity)) return given;
  for (int i = 0; i < capacity.gpus && static_cast<int>(given.size()) < resources.gpu_count();
       ++i) {
    if (!gpus_.contains(i)) given.push_back(i);
  }
  if (static_cast<int>(given.size()) < resources.gpu_count()) {
    return absl::ResourceExhaustedError(Text("it asks for ", resources.gpu_count(), " ",
                                             resources.gpu(), ", and others have ", gpus_.size(),
                                             " of ", capacity.gpus, " GPUs"));
  }
  return given;
}

absl::Status CheckCanFit(const std::vector<v1::Resources>& parts, const Capacity& capacity) {
  int64_t memory = 0;
  int gpus = 0;
  std::vector<std::string> memories;
  std::vector<std::string> counts;
  for (const v1::Resources& part : parts) {
    memory += part.memory_bytes();
    if (part.gpu_count() > 0 && !RunsOnCpus(part, capacity)) {
      gpus += part.gpu_count();
      counts.push_back(Text(part.gpu_count(), " × ", part.gpu()));
    }
    memories.push_back(MemoryText(part.memory_bytes()));
  }
  if (memory > capacity.memory_bytes) {
    return absl::FailedPreconditionError(
        Text("one replica of each chainlet would take ", absl::StrJoin(memories, " + "), " = ",
             MemoryText(memory), " of memory, and this machine gives ",
             MemoryText(capacity.memory_bytes),
             "; declare less (Resources{.memory = …}), or raise chains up --memory"));
  }
  if (gpus > capacity.gpus) {
    return absl::FailedPreconditionError(
        Text("one replica of each chainlet would take ", absl::StrJoin(counts, " + "), " = ", gpus,
             " GPUs, and this machine has ", capacity.gpus,
             " (chains up --gpus says how many it may count on); what can do without runs on CPUs "
             "where Resources{.gpu_optional = true} says so"));
  }
  return absl::OkStatus();
}

}  // namespace chains::deploy
