#include "gateway/app/metrics.h"

#include <utility>
#include <vector>

#include <prometheus/text_serializer.h>

#include "absl/time/clock.h"
#include "gateway/app/gpu_metrics.h"

namespace chains::gateway {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;

const prometheus::Histogram::BucketBoundaries& Buckets() {
  static const auto* const kSeconds = new prometheus::Histogram::BucketBoundaries{
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
  return *kSeconds;
}

prometheus::Labels With(const Metrics::Labels& labels) {
  return {{"chain", labels.chain}, {"deployment", labels.deployment}, {"method", labels.method}};
}

}  // namespace

Metrics::Metrics()
    : requests_(BuildCounter()
                    .Name("chains_gateway_requests_total")
                    .Help("Requests that ended, by HTTP status; 499: the client left")
                    .Register(registry_)),
      in_flight_(BuildGauge()
                     .Name("chains_gateway_requests_in_flight")
                     .Help("Requests that run now")
                     .Register(registry_)),
      seconds_(BuildHistogram()
                   .Name("chains_gateway_request_seconds")
                   .Help("From the whole request to its response")
                   .Register(registry_)),
      bytes_in_(BuildCounter()
                    .Name("chains_gateway_request_bytes_total")
                    .Help("Bodies of requests")
                    .Register(registry_)),
      bytes_out_(BuildCounter()
                     .Name("chains_gateway_response_bytes_total")
                     .Help("Bodies of responses")
                     .Register(registry_)),
      connections_(BuildGauge()
                       .Name("chains_gateway_connections")
                       .Help("Connections that are open")
                       .Register(registry_)
                       .Add({})),
      web_sockets_(BuildGauge()
                       .Name("chains_gateway_web_sockets")
                       .Help("WebSockets that are open")
                       .Register(registry_)
                       .Add({})),
      refused_(BuildCounter()
                   .Name("chains_gateway_refused_total")
                   .Help("Requests that limits refused, by limit; would: those on trial")
                   .Register(registry_)),
      routes_ready_(BuildGauge()
                        .Name("chains_gateway_routes_ready")
                        .Help("Routes whose contract is known")
                        .Register(registry_)
                        .Add({})),
      routes_(BuildGauge()
                  .Name("chains_gateway_routes")
                  .Help("Routes there are")
                  .Register(registry_)
                  .Add({})) {}

Metrics::Series::Series(Metrics& metrics, const Labels& labels)
    : metrics_(metrics),
      labels_(With(labels)),
      in_flight_(metrics.in_flight_.Add(labels_)),
      seconds_(metrics.seconds_.Add(labels_, Buckets())),
      bytes_in_(metrics.bytes_in_.Add(labels_)),
      bytes_out_(metrics.bytes_out_.Add(labels_)) {}

Metrics::Series::~Series() {
  metrics_.in_flight_.Remove(&in_flight_);
  metrics_.seconds_.Remove(&seconds_);
  metrics_.bytes_in_.Remove(&bytes_in_);
  metrics_.bytes_out_.Remove(&bytes_out_);
  for (const auto& [status, counter] : requests_) metrics_.requests_.Remove(counter);
}

void Metrics::Series::Ended(int http_status, absl::Duration took, size_t bytes_in,
                            size_t bytes_out) {
  in_flight_.Decrement();
  seconds_.Observe(absl::ToDoubleSeconds(took));
  bytes_in_.Increment(static_cast<double>(bytes_in));
  bytes_out_.Increment(static_cast<double>(bytes_out));
  prometheus::Counter*& counter = requests_[http_status];
  if (counter == nullptr) {
    prometheus::Labels with = labels_;
    with["status"] = std::to_string(http_status);
    counter = &metrics_.requests_.Add(with);
  }
  counter->Increment();
}

void Metrics::SetRefused(const Quotas::Counts& counts) {
  const auto set = [this](const char* limit, uint64_t count) {
    prometheus::Counter& counter = refused_.Add({{"limit", limit}});
    counter.Increment(static_cast<double>(count) - counter.Value());
  };
  set("rate", counts.rate);
  set("key_in_flight", counts.key_in_flight);
  set("all_in_flight", counts.all_in_flight);
  set("would", counts.would_refuse);
}

std::string Metrics::Text(size_t connections, size_t routes_ready, size_t routes) {
  connections_.Set(static_cast<double>(connections));
  routes_ready_.Set(static_cast<double>(routes_ready));
  routes_.Set(static_cast<double>(routes));
  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  for (prometheus::MetricFamily& family : GpuFamilies(gpus_.Collect(absl::Now()))) {
    families.push_back(std::move(family));
  }
  return prometheus::TextSerializer().Serialize(families);
}

std::shared_ptr<Metrics::Series> Metrics::Of(const Labels& labels) {
  std::shared_ptr<Series>& series = by_labels_[labels];
  if (series == nullptr) series = std::make_shared<Series>(*this, labels);
  return series;
}

void Metrics::Forget(const std::function<bool(const Labels&)>& is_wanted) {
  std::erase_if(by_labels_, [&](const auto& each) {
    return each.second.use_count() == 1 && !is_wanted(each.first);
  });
}

}  // namespace chains::gateway
