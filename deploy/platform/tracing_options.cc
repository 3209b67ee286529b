#include "deploy/platform/tracing_options.h"

#include <utility>

#include "chains/core/text.h"
#include "chains/http/curl_transport.h"

namespace chains::deploy {
namespace {

absl::Status CheckPercent(const char* flag, double percent) {
  if (percent >= 0 && percent <= 100) return absl::OkStatus();
  return absl::InvalidArgumentError(Text(flag, ": 0 to 100 percent of requests, not ", percent));
}

}  // namespace

absl::StatusOr<TracingOptions> MakeTracing(double drawn, double recorded,
                                           const std::string& collector) {
  absl::Status fine = CheckPercent("--trace-drawn", drawn);
  fine.Update(CheckPercent("--trace-recorded", recorded));
  if (!fine.ok()) return fine;
  TracingOptions options{.drawn = drawn / 100, .recorded = recorded / 100};
  if (collector.empty()) return options;
  absl::StatusOr<std::unique_ptr<http::CurlTransport>> transport =
      http::CurlTransport::Make({.url = collector});
  if (!transport.ok()) {
    return absl::InvalidArgumentError(Text("--otlp: ", MessageOf(transport.status())));
  }
  options.collector = *std::move(transport);
  return options;
}

}  // namespace chains::deploy
