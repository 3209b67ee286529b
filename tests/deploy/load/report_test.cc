#include "deploy/load/report.h"

#include <gtest/gtest.h>

namespace chains::load {
namespace {

TEST(Report, IsOneLineOfJson) {
  Report report{.calls = 4,
                .errors = 1,
                .errors_by_kind = {{"HTTP 503", 1}},
                .first_error = "HTTP 503: \"busy\"\n",
                .elapsed = absl::Seconds(2),
                .processor_times = {absl::Microseconds(50), absl::Microseconds(100)}};
  for (int i = 1; i <= 4; ++i) report.latencies.Add(i * 1000);
  EXPECT_EQ(ToJson(report),
            R"({"calls":4,"per_second":2.0,"rate":0.0,"p50_us":2.0,"p99_us":4.0,"p999_us":4.0,)"
            R"("max_us":4.0,"late_p99_us":0.0,"errors":1,"errors_by_kind":{"HTTP 503":1},)"
            R"("first_error":"HTTP 503: \"busy\"\n","unfinished":0,"cpu_us":[10.000,20.000]})");
}

TEST(Report, OfNothingHasNoRate) { EXPECT_EQ(Report().calls_per_second(), 0); }

}  // namespace
}  // namespace chains::load
