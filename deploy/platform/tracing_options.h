// TracingOptions: how many requests are traced, and where traces go, as flags say it.
//
//   absl::StatusOr<TracingOptions> tracing = MakeTracing(1, 5, "http://127.0.0.1:4318");
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "chains/http/transport.h"

namespace chains::deploy {

struct TracingOptions {
  double drawn = 0.01;     // this share of requests is traced and kept
  double recorded = 0.05;  // and this is kept if they fail or are slow
  // Gets the traces that are kept, by OTLP over HTTP; null: nobody does.
  std::shared_ptr<http::Transport> collector = nullptr;
};

// Shares in percent; `collector` is a URL, or empty. INVALID_ARGUMENT names the flag.
absl::StatusOr<TracingOptions> MakeTracing(double drawn, double recorded,
                                           const std::string& collector);

}  // namespace chains::deploy
