#include "gateway/app/gpu_metrics.h"

#include <string>
#include <utility>

namespace chains::gateway {
namespace {

using gpu::DeviceGauges;
using prometheus::MetricType;

struct Kind {
  const char* name;
  const char* help;
  MetricType type;
  double (*value)(const DeviceGauges& device);
};

template <auto kField>
double ValueOf(const DeviceGauges& device) {
  return static_cast<double>(device.*kField);
}

constexpr Kind kKinds[] = {
    {"chains_gpu_memory_used_bytes", "Memory of the device that anybody uses", MetricType::Gauge,
     ValueOf<&DeviceGauges::memory_used>},
    {"chains_gpu_memory_total_bytes", "Memory of the device", MetricType::Gauge,
     ValueOf<&DeviceGauges::memory_total>},
    {"chains_gpu_busy_seconds_total", "Time of this process' work on the device, over streams",
     MetricType::Counter, ValueOf<&DeviceGauges::busy_seconds>},
    {"chains_gpu_utilization", "What of the time since the last look that was, 0 to 1",
     MetricType::Gauge, ValueOf<&DeviceGauges::utilization>},
    {"chains_gpu_queue_length", "Coroutines that wait for work on the device", MetricType::Gauge,
     ValueOf<&DeviceGauges::queue>},
    {"chains_gpu_pool_device_used_bytes", "Device memory of workers in use", MetricType::Gauge,
     ValueOf<&DeviceGauges::device_used>},
    {"chains_gpu_pool_device_kept_bytes", "Device memory that workers keep for the next",
     MetricType::Gauge, ValueOf<&DeviceGauges::device_kept>},
    {"chains_gpu_pool_pinned_used_bytes", "Pinned memory of workers in use", MetricType::Gauge,
     ValueOf<&DeviceGauges::pinned_used>},
    {"chains_gpu_pool_pinned_kept_bytes", "Pinned memory that workers keep for the next",
     MetricType::Gauge, ValueOf<&DeviceGauges::pinned_kept>},
};

prometheus::ClientMetric MetricOf(const Kind& kind, const DeviceGauges& device) {
  prometheus::ClientMetric metric;
  metric.label = {
      {"device", std::to_string(device.index)}, {"id", device.id}, {"type", device.type}};
  if (kind.type == MetricType::Counter) {
    metric.counter.value = kind.value(device);
  } else {
    metric.gauge.value = kind.value(device);
  }
  return metric;
}

}  // namespace

std::vector<prometheus::MetricFamily> GpuFamilies(const std::vector<DeviceGauges>& devices) {
  std::vector<prometheus::MetricFamily> families;
  if (devices.empty()) return families;
  for (const Kind& kind : kKinds) {
    prometheus::MetricFamily& family = families.emplace_back();
    family.name = kind.name;
    family.help = kind.help;
    family.type = kind.type;
    for (const DeviceGauges& device : devices) family.metric.push_back(MetricOf(kind, device));
  }
  return families;
}

}  // namespace chains::gateway
