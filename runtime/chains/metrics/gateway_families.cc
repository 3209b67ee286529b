#include "chains/metrics/gateway_families.h"

namespace chains {
namespace {

void AddRoute(const RouteFigures& route, FamilySet& set) {
  const FamilySet::Labels labels = {
      {"chain", route.chain}, {"deployment", route.route}, {"method", route.method}};
  for (const auto& [status, requests] : route.statuses) {
    FamilySet::Labels with = labels;
    with.push_back({"status", std::to_string(status)});
    set.Counter("chains_gateway_requests_total",
                "Requests that ended, by HTTP status; 499: the client left", std::move(with),
                static_cast<double>(requests));
  }
  set.Gauge("chains_gateway_requests_in_flight", "Requests that run now", labels,
            static_cast<double>(route.in_flight));
  constexpr const char* kSeconds = "chains_gateway_request_seconds";
  constexpr const char* kSecondsHelp = "From the whole request to its response";
  set.Histogram(kSeconds, kSecondsHelp, labels, route.took);
  for (const Exemplar& exemplar : route.exemplars) {
    set.Exemplify(kSeconds, kSecondsHelp, labels, exemplar);
  }
  set.Counter("chains_gateway_request_bytes_total", "Bodies of requests", labels,
              static_cast<double>(route.bytes_in));
  set.Counter("chains_gateway_response_bytes_total", "Bodies of responses", labels,
              static_cast<double>(route.bytes_out));
}

}  // namespace

void AddGateway(const GatewayFigures& figures, FamilySet& set) {
  for (const RouteFigures& route : figures.routes) AddRoute(route, set);
  for (const auto& [limit, requests] : figures.refused) {
    set.Counter("chains_gateway_refused_total",
                "Requests that limits refused, by limit; would: those on trial", {{"limit", limit}},
                static_cast<double>(requests));
  }
  const auto gauge = [&set](const char* name, const char* help, size_t value) {
    set.Gauge(name, help, {}, static_cast<double>(value));
  };
  gauge("chains_gateway_connections", "Connections that are open", figures.connections);
  gauge("chains_gateway_web_sockets", "WebSockets that are open", figures.web_sockets);
  gauge("chains_gateway_routes_ready", "Routes whose contract is known", figures.routes_ready);
  gauge("chains_gateway_routes", "Routes there are", figures.routes_known);
}

}  // namespace chains
