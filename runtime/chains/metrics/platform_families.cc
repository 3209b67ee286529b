#include "chains/metrics/platform_families.h"

namespace chains {

void AddPlatform(const PlatformFigures& figures, FamilySet& set) {
  for (const PlatformFigures::Chainlet& each : figures.chainlets) {
    const FamilySet::Labels labels = {
        {"chain", each.chain}, {"deployment", each.deployment}, {"chainlet", each.chainlet}};
    set.Gauge("chains_replicas_ready", "Replicas that may be called", labels, each.ready);
    set.Gauge("chains_replicas_wanted", "Replicas that there should be", labels, each.wanted);
    set.Counter("chains_replica_restarts_total",
                "Replicas that ended or fell silent unasked, so that another had to start", labels,
                static_cast<double>(each.restarts));
  }
  for (const auto& [of, count] : figures.deployments) {
    set.Gauge("chains_deployments", "Deployments there are, by status",
              {{"chain", of.first}, {"status", of.second}}, count);
  }
  const auto counter = [&set](const char* name, const char* help, uint64_t value) {
    set.Counter(name, help, {}, static_cast<double>(value));
  };
  counter("chains_platform_rows_left_out_total", "Rows of measurements that found no room",
          figures.rows_left_out);
  counter("chains_spans_dropped_total", "Spans of traces that were lost", figures.spans_dropped);
  if (!figures.has_collector) return;
  counter("chains_otlp_spans_sent_total", "Spans that the collector took", figures.spans_exported);
  counter("chains_otlp_spans_dropped_total", "Spans that the collector did not take",
          figures.spans_not_exported);
  set.Gauge("chains_otlp_failing", "1: the collector did not take what was sent last", {},
            figures.collector_fails ? 1 : 0);
}

}  // namespace chains
