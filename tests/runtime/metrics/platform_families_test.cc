// What a platform says besides: replicas, restarts, deployments, what was lost.
#include "chains/metrics/platform_families.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include "chains/metrics/families.h"

namespace chains {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string TextOf(const PlatformFigures& figures) {
  return prometheus::TextSerializer().Serialize(MakeFamilies({}, {.platform = &figures}).families);
}

TEST(PlatformFamiliesTest, AChainletsReplicasAreNamedByIt) {
  const std::string text = TextOf({.chainlets = {{.chain = "hello",
                                                  .deployment = "8f3a",
                                                  .chainlet = "hello.SayHello",
                                                  .ready = 1,
                                                  .wanted = 2,
                                                  .restarts = 3}},
                                   .deployments = {{{"hello", "active"}, 2}}});
  const std::string labels = "{chain=\"hello\",deployment=\"8f3a\",chainlet=\"hello.SayHello\"} ";
  EXPECT_THAT(text, AllOf(HasSubstr("chains_replicas_ready" + labels + "1\n"),
                          HasSubstr("chains_replicas_wanted" + labels + "2\n"),
                          HasSubstr("chains_replica_restarts_total" + labels + "3\n"),
                          HasSubstr("chains_deployments{chain=\"hello\",status=\"active\"} 2\n")));
}

TEST(PlatformFamiliesTest, OfACollectorOnlyWhoHasOneSpeaks) {
  PlatformFigures figures{.rows_left_out = 4, .spans_dropped = 5, .spans_not_exported = 6};
  EXPECT_THAT(TextOf(figures),
              AllOf(HasSubstr("chains_platform_rows_left_out_total 4\n"),
                    HasSubstr("chains_spans_dropped_total 5\n"), Not(HasSubstr("chains_otlp"))));
  figures.has_collector = true;
  figures.collector_fails = true;
  EXPECT_THAT(TextOf(figures), AllOf(HasSubstr("chains_otlp_spans_dropped_total 6\n"),
                                     HasSubstr("chains_otlp_failing 1\n")));
}

TEST(PlatformFamiliesTest, AProcessIsNamedByItsReplica) {
  v1::Measurements measured;
  measured.mutable_process()->set_open_descriptors(7);
  const Families made = MakeFamilies(
      {{.chain = "c", .deployment = "d", .replica = "A-1", .measurements = &measured}});
  EXPECT_THAT(prometheus::TextSerializer().Serialize(made.families),
              HasSubstr("process_open_fds{chain=\"c\",deployment=\"d\",replica=\"A-1\"} 7\n"));
}

}  // namespace
}  // namespace chains
