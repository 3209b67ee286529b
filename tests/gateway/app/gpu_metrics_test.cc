#include "gateway/app/gpu_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include "gateway/app/metrics.h"

namespace chains::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(GpuMetricsTest, ThereAreNoneWithoutADevice) {
  EXPECT_THAT(GpuFamilies({}), IsEmpty());
  EXPECT_THAT(Metrics().Text({}, "").body, Not(HasSubstr("chains_gpu")));
}

TEST(GpuMetricsTest, EveryDeviceHasItsSeries) {
  gpu::DeviceGauges first;
  first.type = "A10G";
  first.id = "GPU-1";
  first.memory_used = 1 << 20;
  first.memory_total = 1 << 30;
  first.busy_seconds = 12.5;
  first.utilization = 0.25;
  first.queue = 3;
  gpu::DeviceGauges second = first;
  second.index = 1;
  second.id = "GPU-2";
  const std::string text = prometheus::TextSerializer().Serialize(GpuFamilies({first, second}));
  for (const char* line :
       {"# TYPE chains_gpu_memory_used_bytes gauge",
        "chains_gpu_memory_used_bytes{device=\"0\",id=\"GPU-1\",type=\"A10G\"} 1048576",
        "chains_gpu_memory_total_bytes{device=\"1\",id=\"GPU-2\",type=\"A10G\"} 1073741824",
        "# TYPE chains_gpu_busy_seconds_total counter",
        "chains_gpu_busy_seconds_total{device=\"0\",id=\"GPU-1\",type=\"A10G\"} 12.5",
        "chains_gpu_utilization{device=\"0\",id=\"GPU-1\",type=\"A10G\"} 0.25",
        "chains_gpu_queue_length{device=\"1\",id=\"GPU-2\",type=\"A10G\"} 3"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

}  // namespace
}  // namespace chains::gateway
