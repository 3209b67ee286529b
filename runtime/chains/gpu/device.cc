#include "chains/gpu/device.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"
#include "chains/gpu/status.h"

namespace chains::gpu {
namespace {

constexpr int64_t kGiB = int64_t{1} << 30;

struct Kind {
  std::string_view type;
  int compute_capability;
  int64_t memory_bytes;  // that every card of the type shows at least
};

// From NVIDIA's data sheets; a driver shows a few percent less than the number on the box.
constexpr Kind kKinds[] = {{"T4", 75, 14 * kGiB},    {"L4", 89, 21 * kGiB},
                           {"A10G", 86, 21 * kGiB},  {"A100", 80, 38 * kGiB},
                           {"H100", 90, 76 * kGiB},  {"H100_40GB", 90, 38 * kGiB},
                           {"H200", 90, 134 * kGiB}, {"B200", 100, 168 * kGiB}};

const Kind* KindOf(std::string_view type) {
  const auto* const found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                         [&](const Kind& kind) { return kind.type == type; });
  return found == std::end(kKinds) ? nullptr : found;
}

std::string VersionText(int version) {
  return absl::StrFormat("%d.%d", version / 1000, version % 1000 / 10);
}

absl::Status CheckProbe(const abi::Probe& probe) {
  if (probe.driver_version <= 0) {
    return absl::FailedPreconditionError(
        "there is no NVIDIA driver here (libcuda.so.1 is missing); install it, or in a container "
        "give it the driver (docker run --gpus)");
  }
  const bool older = probe.driver_version < probe.needed_version;
  const bool of_older_major = probe.driver_version / 1000 < probe.needed_version / 1000;
  if (of_older_major || (older && probe.device_count == 0)) {
    return absl::FailedPreconditionError(
        Text("the NVIDIA driver is too old: it runs CUDA ", VersionText(probe.driver_version),
             ", and the GPU module was built with ", VersionText(probe.needed_version),
             "; install a newer driver"));
  }
  if (probe.device_count <= 0) {
    return absl::FailedPreconditionError(
        "the NVIDIA driver lists no device (CUDA_VISIBLE_DEVICES may hide those there are)");
  }
  return absl::OkStatus();
}

std::string TextOf(const char* text, size_t size) { return {text, strnlen(text, size)}; }

std::string ListOf(const std::vector<Device>& devices) {
  return absl::StrJoin(devices, ", ", [](std::string* out, const Device& device) {
    absl::StrAppendFormat(out, "%s (%.0f GiB, compute capability %d.%d)", device.name,
                          static_cast<double>(device.memory_bytes) / kGiB,
                          device.compute_capability / 10, device.compute_capability % 10);
  });
}

}  // namespace

std::string TypeOf(std::string_view name) {
  std::string type;
  bool is_part = false;  // of a card that is divided
  bool is_half = false;
  for (absl::string_view word : absl::StrSplit(ToAbsl(name), absl::ByAnyChar(" -"))) {
    if (type.empty() && KindOf(ToStd(word)) != nullptr) type = std::string(word);
    is_part = is_part || word == "MIG";
    is_half = is_half || word == "3g.40gb";
  }
  if (!is_part) return type;
  return type == "H100" && is_half ? "H100_40GB" : "";
}

bool StandsFor(const Device& device, std::string_view type) {
  if (device.type == type) return true;
  const Kind* const kind = KindOf(type);
  return kind != nullptr && device.compute_capability >= kind->compute_capability &&
         device.memory_bytes >= kind->memory_bytes;
}

absl::StatusOr<std::vector<Device>> Devices(const Module& module) {
  abi::Probe probe;
  absl::Status status = Call(module.functions().probe, &probe);
  if (status.ok()) status = CheckProbe(probe);
  if (!status.ok()) return status;
  std::vector<Device> devices;
  for (int i = 0; i < probe.device_count; ++i) {
    abi::DeviceInfo info;
    status = Call(module.functions().describe, i, &info);
    if (!status.ok()) return status;
    Device& device = devices.emplace_back();
    device.index = i;
    device.name = TextOf(info.name, sizeof(info.name));
    device.type = TypeOf(device.name);
    device.id = TextOf(info.id, sizeof(info.id));
    device.memory_bytes = info.memory_bytes;
    device.compute_capability = info.compute_major * 10 + info.compute_minor;
    device.driver_version = probe.driver_version;
  }
  return devices;
}

absl::StatusOr<std::vector<Device>> ChooseDevices(const Module& module, std::string_view type,
                                                  int count) {
  const std::string wanted = Text(count, " × ", type, " wanted, ");
  absl::StatusOr<std::vector<Device>> all = Devices(module);
  if (!all.ok()) {
    return absl::Status(all.status().code(), Text(wanted, "but ", MessageOf(all.status())));
  }
  std::vector<Device> chosen;
  for (const Device& device : *all) {
    if (static_cast<int>(chosen.size()) < count && StandsFor(device, type)) {
      chosen.push_back(device);
    }
  }
  if (static_cast<int>(chosen.size()) == count) {
    for (const Device& device : chosen) module.UseDevice(device.index);
    return chosen;
  }
  return absl::FailedPreconditionError(
      Text(wanted, "and of ", all->size(), " here ", chosen.size(), " will do: ", ListOf(*all)));
}

absl::StatusOr<Found> FindDevices(const Wanted& wanted) {
  absl::StatusOr<const Module*> module = Module::Find(wanted.module);
  if (!module.ok()) return module.status();
  absl::StatusOr<std::vector<Device>> devices = ChooseDevices(**module, wanted.type, wanted.count);
  if (!devices.ok()) return devices.status();
  return Found{.module = *module, .devices = *std::move(devices)};
}

absl::Status CheckHealth(const Module& module, int device) {
  return Call(module.functions().health, device);
}

}  // namespace chains::gpu
