#include "deploy/fleets/local/replica_limits.h"

#include <cstdint>
#include <thread>

#include "chains/core/text.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;

// What a process takes beside what its chainlets declare: memory that it uses, for the runtime; and
// memory that it only reserves, which RLIMIT_DATA counts too: the allocator's arenas, and of each
// thread, of which there are several a processor, stack and arena. An idle replica has reserved
// 100 MiB on two processors, and uses 19.
constexpr int64_t kUsedBytes = 64LL << 20;
constexpr int64_t kReservedBytes = 1LL << 30;
constexpr int64_t kReservedOfAProcessor = 64LL << 20;
// What the report of a crash needs.
constexpr int64_t kLastBytes = 64LL << 20;

int64_t Reserved() {
  return kReservedBytes + kReservedOfAProcessor * int64_t{std::thread::hardware_concurrency()};
}

int64_t Beside(const v1::Resources& resources, int64_t more) {
  return resources.memory_bytes() > 0 ? resources.memory_bytes() + more : 0;
}

std::string GroupOf(const std::string& deployment, const std::string& name) {
  return Text("replica-", deployment, "-", name.substr(name.rfind('-') + 1));
}

std::string PinnedAs(const std::string& deployment, const std::string& name) {
  return Text(deployment, "/", name);
}

}  // namespace

absl::StatusOr<Process> ReplicaLimits::Start(const ReplicaSpec& spec, const Launch& launch) {
  fs::path group = MakeGroup(spec);
  absl::StatusOr<Process> process = StartPinned(spec, launch);
  if (!process.ok()) {
    Leave(std::move(group));
    return process;
  }
  if (!group.empty() && !Cgroups::Enter(group, process->pid()).ok()) {
    Leave(std::exchange(group, fs::path()));
  }
  if (group.empty() && kLimitsData)
    process->LimitData(Beside(spec.resources, Reserved()), kLastBytes);
  held_[Key(spec.deployment, spec.name)] = {.pid = process->pid(), .group = std::move(group)};
  return process;
}

// Who has CPUs of its own counts them when it starts, so it begins there.
absl::StatusOr<Process> ReplicaLimits::StartPinned(const ReplicaSpec& spec, const Launch& launch) {
  if (!means_.pins) return Process::Start(launch);
  const std::string who = PinnedAs(spec.deployment, spec.name);
  const CpuSet before = CpusOfThisThread();
  means_.pins->Add(who, spec.resources.cpus());
  PinAll();
  RestrictThisThread(means_.pins->Of(who));
  absl::StatusOr<Process> process = Process::Start(launch);
  RestrictThisThread(before);
  if (process.ok()) return process;
  means_.pins->Remove(who);
  PinAll();
  return process;
}

// Without one, where it cannot be made: a limit of another kind is better than no replica.
fs::path ReplicaLimits::MakeGroup(const ReplicaSpec& spec) {
  if (!means_.cgroups) return {};
  absl::StatusOr<fs::path> group = means_.cgroups->Make(
      GroupOf(spec.deployment, spec.name),
      {.memory_bytes = Beside(spec.resources, kUsedBytes), .cpus = spec.resources.cpus()});
  return group.ok() ? *std::move(group) : fs::path();
}

void ReplicaLimits::Leave(fs::path group) {
  if (means_.cgroups && !group.empty()) means_.cgroups->Remove(std::move(group));
}

void ReplicaLimits::Adopt(const FoundReplica& replica) {
  Held held{.pid = replica.pid};
  absl::StatusOr<fs::path> group = OwnCgroup(Text("/proc/", replica.pid, "/cgroup"));
  if (group.ok() && group->filename() == GroupOf(replica.deployment, replica.name)) {
    held.group = *std::move(group);
  }
  held_[Key(replica.deployment, replica.name)] = std::move(held);
  if (means_.pins) means_.pins->Add(PinnedAs(replica.deployment, replica.name), replica.cpus);
  PinAll();
}

void ReplicaLimits::PinAll() {
  if (!means_.pins) return;
  for (const auto& [key, held] : held_) {
    RestrictProcess(held.pid, means_.pins->Of(PinnedAs(key.first, key.second)));
  }
}

std::string ReplicaLimits::Ended(const std::string& deployment, const std::string& name) {
  const auto found = held_.find(Key(deployment, name));
  if (found == held_.end()) return "";
  const fs::path group = std::move(found->second.group);
  held_.erase(found);
  if (means_.pins) means_.pins->Remove(PinnedAs(deployment, name));
  PinAll();
  const bool used_up = !group.empty() && Cgroups::KilledForMemory(group);
  Leave(group);
  return used_up ? "; it had used up the memory that it declares: raise Resources{.memory}" : "";
}

}  // namespace chains::deploy
