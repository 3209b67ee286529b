#include "chains/gpu/gauges.h"

#include <algorithm>
#include <cstring>

#include "chains/gpu/device.h"
#include "chains/gpu/status.h"

namespace chains::gpu {
namespace {

std::string NameOf(const char* text, size_t size) { return {text, strnlen(text, size)}; }

}  // namespace

std::vector<DeviceGauges> Gauges::Collect(absl::Time now) {
  std::vector<DeviceGauges> all;
  for (const Module* module : Module::Loaded()) {
    for (int index : module->used_devices()) {
      abi::DeviceInfo info;
      abi::DeviceUse use;
      if (!Call(module->functions().describe, index, &info).ok()) continue;
      if (!Call(module->functions().use, index, &use).ok()) continue;
      const auto last = last_.try_emplace({module, index}, Last{now, use.busy_nanoseconds}).first;
      const DeviceCounts& counts = module->counts(index);
      const std::string name = NameOf(info.name, sizeof(info.name));
      const std::string type = TypeOf(name);
      DeviceGauges& device = all.emplace_back();
      device.index = index;
      device.type = type.empty() ? name : type;
      device.id = NameOf(info.id, sizeof(info.id));
      device.memory_used = use.memory_total - use.memory_free;
      device.memory_total = use.memory_total;
      device.busy_seconds = static_cast<double>(use.busy_nanoseconds) / 1e9;
      const double busy = static_cast<double>(use.busy_nanoseconds - last->second.busy_nanoseconds);
      const double took = absl::ToDoubleNanoseconds(now - last->second.when);
      if (took > 0) device.utilization = std::clamp(busy / took, 0.0, 1.0);
      device.queue = counts.queue;
      device.device_used = counts.device_used;
      device.device_kept = counts.device_kept;
      device.pinned_used = counts.pinned_used;
      device.pinned_kept = counts.pinned_kept;
      last->second = {now, use.busy_nanoseconds};
    }
  }
  return all;
}

}  // namespace chains::gpu
