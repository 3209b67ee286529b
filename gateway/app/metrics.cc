#include "gateway/app/metrics.h"

#include <array>
#include <utility>
#include <vector>

#include <prometheus/text_serializer.h>

#include "absl/time/clock.h"
#include "chains/metrics/families.h"
#include "chains/metrics/gateway_families.h"
#include "chains/metrics/histogram_message.h"
#include "chains/metrics/open_metrics.h"
#include "gateway/app/gpu_metrics.h"
#include "gateway/body/accept.h"

namespace chains::gateway {
namespace {

constexpr size_t kMostSeries = 2000;  // of a family
constexpr std::string_view kPrometheusType = "text/plain; version=0.0.4";

bool WantsOpenMetrics(std::string_view accept) {
  static constexpr std::array<std::string_view, 2> kTypes = {"text/plain",
                                                             "application/openmetrics-text"};
  return BestType(accept, kTypes) == 1u;
}

std::map<std::string, uint64_t> ByLimit(const Quotas::Counts& counts) {
  return {{"rate", counts.rate},
          {"key_in_flight", counts.key_in_flight},
          {"all_in_flight", counts.all_in_flight},
          {"would", counts.would_refuse}};
}

}  // namespace

void Metrics::Series::Began() {
  ++shown_->in_flight;
  if (told_ != nullptr) ++told_->in_flight;
}

void Metrics::Series::Left() {
  --shown_->in_flight;
  if (told_ != nullptr) --told_->in_flight;
}

void Metrics::Series::MovedTo(Series& to) {
  Left();
  to.Began();
}

void Metrics::Series::Ended(const End& end) {
  Left();
  for (Counts* const counts : {shown_.get(), told_.get()}) {
    if (counts == nullptr) continue;
    ++counts->statuses[end.http_status];
    counts->took.Add(end.took);
  }
  shown_->bytes_in += end.bytes_in;
  shown_->bytes_out += end.bytes_out;
  if (end.trace_id.empty()) return;
  shown_->exemplars[TimeBucketOf(end.took)] = {
      .trace_id = std::string(end.trace_id), .took = end.took, .at = end.at};
}

std::shared_ptr<Metrics::Counts> Metrics::ToldOf(const Labels& labels) {
  if (labels.id.empty()) return nullptr;
  const Told key(labels.id, labels.environment, labels.method);
  const auto found = told_.find(key);
  if (found != told_.end()) return found->second;
  if (told_.size() >= kMostTold) {
    ++dropped_;
    return nullptr;
  }
  return told_[key] = std::make_shared<Counts>();
}

std::shared_ptr<Metrics::Series> Metrics::Of(const Labels& labels) {
  std::shared_ptr<Series>& series = by_labels_[labels];
  if (series != nullptr) return series;
  std::shared_ptr<Counts>& shown = shown_[Shown(labels.chain, labels.deployment, labels.method)];
  if (shown == nullptr) shown = std::make_shared<Counts>();
  return series = std::make_shared<Series>(shown, ToldOf(labels));
}

void Metrics::Forget(const std::set<Labels>& wanted) {
  std::erase_if(by_labels_, [&wanted](const auto& each) {
    return each.second.use_count() == 1 && !wanted.contains(each.first);
  });
  std::set<Shown> shown;
  std::set<std::string> ids;
  for (const Labels& labels : wanted) {
    shown.emplace(labels.chain, labels.deployment, labels.method);
    ids.insert(labels.id);
  }
  std::erase_if(shown_, [&shown](const auto& each) {
    return each.second.use_count() == 1 && !shown.contains(each.first);
  });
  std::erase_if(told_, [&ids](const auto& each) {
    return each.second.use_count() == 1 && !ids.contains(std::get<0>(each.first));
  });
}

Metrics::Page Metrics::Text(const Now& now, std::string_view accept) {
  GatewayFigures figures{.routes = {},
                         .refused = ByLimit(now.refused),
                         .connections = now.connections,
                         .web_sockets = now.web_sockets,
                         .routes_ready = now.routes_ready,
                         .routes_known = now.routes};
  for (const auto& [names, counts] : shown_) {
    RouteFigures& route = figures.routes.emplace_back();
    std::tie(route.chain, route.route, route.method) = names;
    route.statuses = counts->statuses;
    route.took = counts->took;
    route.in_flight = counts->in_flight;
    route.bytes_in = counts->bytes_in;
    route.bytes_out = counts->bytes_out;
    for (const auto& [bucket, exemplar] : counts->exemplars) route.exemplars.push_back(exemplar);
  }
  FamilySet set(kMostSeries);
  AddGateway(figures, set);
  dropped_ += set.dropped();
  AddDropped(dropped_, set);
  const Exemplars exemplars = set.exemplars();
  std::vector<prometheus::MetricFamily> families = std::move(set).Take();
  for (prometheus::MetricFamily& family : GpuFamilies(gpus_.Collect(absl::Now()))) {
    families.push_back(std::move(family));
  }
  if (WantsOpenMetrics(accept)) {
    return {.type = kOpenMetricsType, .body = OpenMetricsText(families, exemplars)};
  }
  return {.type = kPrometheusType, .body = prometheus::TextSerializer().Serialize(families)};
}

void Metrics::AddRoutes(v1::Measurements& measurements) const {
  for (const auto& [names, counts] : told_) {
    if (counts->statuses.empty() && counts->in_flight == 0) continue;
    v1::RouteMeasurement& row = *measurements.add_routes();
    row.set_deployment(std::get<0>(names));
    row.set_environment(std::get<1>(names));
    row.set_method(std::get<2>(names));
    for (const auto& [status, requests] : counts->statuses) {
      v1::HttpCount& count = *row.add_statuses();
      count.set_status(static_cast<uint32_t>(status));
      count.set_requests(requests);
    }
    *row.mutable_duration() = ToMessage(counts->took);
    row.set_in_flight(counts->in_flight);
  }
}

}  // namespace chains::gateway
